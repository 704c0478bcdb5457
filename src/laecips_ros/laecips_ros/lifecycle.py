"""The life of a node: configure loads, activate works, and each has its way back."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
import gc
import traceback
from typing import Any
from typing import ClassVar

from rcl_interfaces.msg import SetParametersResult
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.lifecycle import LifecycleState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from laecips_core.errors import LaecipsError
from laecips_core.setting import check_config
from laecips_ros.counters import Counters
from laecips_ros.diagnostics import Diagnostics
from laecips_ros.diagnostics import Level
from laecips_ros.diagnostics import State
from laecips_ros.entities import Entities
from laecips_ros.logging_bridge import LoggingBridge
from laecips_ros.parameters import declare_config
from laecips_ros.parameters import LiveConfig
from laecips_ros.parameters import UNCONFIGURED
from laecips_ros.parts import Loaded

_QUIET_TIMEOUT_S = 5.0
_DONE = TransitionCallbackReturn.SUCCESS
_REFUSED = TransitionCallbackReturn.FAILURE
_FAULT = TransitionCallbackReturn.ERROR


class ManagedNode(LifecycleNode, ABC):
    """
    A lifecycle node with settings, counters, a log, and diagnostics in every state.

    A transition that cannot be made is logged as one line that says what to do, and the node
    stays as it was; diagnostics say it until the next one.
    """

    rates: ClassVar[Mapping[str, str]] = {}
    """Counters whose rate diagnostics show, and the names to show it by."""

    def __init__(self, name: str, defaults: Any, packages: Sequence[str]) -> None:
        """
        Declare the parameters; the node is unconfigured.

        :param name: of the node.
        :param defaults: its config dataclass.
        :param packages: whose Python loggers go to the node's log.
        :raises ConfigError: for a value given at the start that is not allowed.
        """
        super().__init__(name)
        self.counters = Counters()
        self.loaded: Any = None
        self.running: Any = None
        self._entities = Entities(self)
        self._failure: Exception | None = None
        self._complaint = ''
        self._starting = False
        config = declare_config(self, defaults)
        self._live = LiveConfig(self, config, lambda: self.state, self.check, self._apply)
        self._logging = LoggingBridge(self, packages)
        self._survive_wrong_transitions()
        self._diagnostics = Diagnostics(
            self, lambda: self.machine(self.config), self._describe, self.counters, self.rates
        )

    @abstractmethod
    def load(self, config: Any) -> Loaded:
        """
        Load what the config names.

        :param config: checked.
        :raises LaecipsError: what was expected, what was found, and what to do.
        """

    def check(self, config: Any) -> None:
        """
        Refuse a config whose values do not go together.

        :param config: each value is within its bounds.
        :raises ConfigError: for the first that does not.
        """
        check_config(config)

    def machine(self, config: Any) -> str:
        """
        Name the machine for diagnostics.

        :param config: the settings in force.
        """
        return 'server'

    @property
    def config(self) -> Any:
        """The settings in force."""
        return self._live.current

    @property
    def state(self) -> str:
        """The primary lifecycle state that the node's parts are in."""
        if self.loaded is None:
            return UNCONFIGURED
        return 'inactive' if self.running is None else 'active'

    def start(self) -> None:
        """
        Configure and activate, where ``autostart`` says so.

        :raises LaecipsError: when it could not.
        """
        if not self._live.current.autostart:
            self.get_logger().info('autostart is false: waiting to be configured')
            return
        self._starting = True
        for trigger in (self.trigger_configure, self.trigger_activate):
            trigger()
            if self._failure is not None:
                raise self._failure
        self._starting = False

    def close(self) -> None:
        """Go the way back from whatever state the node is in."""
        with suppress(_rclpy.RCLError):  # finalized, or a signal came during a transition
            self.trigger_shutdown()
        self._unload()
        self._diagnostics.close()
        self._logging.close()

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set all or none; a refusal tells what is allowed."""
        reason = self._live.refusal(parameter_list)
        if reason:
            return SetParametersResult(successful=False, reason=reason)
        return super().set_parameters_atomically(parameter_list)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load."""
        return self._changed(self._load)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to work."""
        return self._changed(self._begin)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working."""
        return self._changed(self._end, _FAULT)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of what was loaded."""
        return self._changed(self._unload, _FAULT)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working and let go of what was loaded."""
        return self._step(self._unload, _FAULT)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after a fault."""
        return self._step(self._unload, _FAULT)

    def _load(self) -> None:
        config = self._live.current
        self.check(config)
        self.loaded = self.load(config)

    def _begin(self) -> None:
        self._entities = Entities(self)
        try:
            self.running = self.loaded.start(self._entities)
        except BaseException:
            self._entities.close()
            raise

    def _end(self) -> None:
        running, self.running = self.running, None
        try:
            if not self._entities.quieten(_QUIET_TIMEOUT_S):
                self.get_logger().warning('a callback under way is left behind')
            if running is not None:
                running.close()
        finally:
            self._entities.close()

    def _unload(self) -> None:
        self._end()
        loaded, self.loaded = self.loaded, None
        if loaded is not None:
            loaded.close()
            del loaded
            gc.collect()  # models stand in circles of references

    def _apply(self, config: Any) -> None:
        for part in (self.loaded, self.running):
            if part is not None:
                part.configure(config)

    def _describe(self) -> State:
        running = self.running  # another thread may end it
        if running is not None:
            described: State = running.state()
            return described
        if self._complaint:
            return State(Level.ERROR, f'{self.state}: {self._complaint}')
        return State(Level.WARN, self.state)

    def _changed(
        self, step: Callable[[], None], refused: TransitionCallbackReturn = _REFUSED
    ) -> TransitionCallbackReturn:
        self._complaint = ''
        return self._step(step, refused)

    def _step(
        self, step: Callable[[], None], refused: TransitionCallbackReturn = _REFUSED
    ) -> TransitionCallbackReturn:
        try:
            step()
        except LaecipsError as error:
            self._tell(error, ' '.join(str(error).split()))
            return refused
        except Exception as error:
            self._tell(error, traceback.format_exc())
            return _FAULT
        return _DONE

    def _tell(self, error: Exception, text: str) -> None:
        self._complaint = ' '.join(str(error).split()) or repr(error)
        if self._starting:
            self._failure = error  # start() raises it
        else:
            self.get_logger().error(text)

    def _survive_wrong_transitions(self) -> None:
        # rclpy ends the process when a transition is asked for that the state does not have (7.1).
        service = self._service_change_state
        change = service.callback

        def answer(request: Any, response: Any) -> Any:
            try:
                return change(request, response)
            except _rclpy.RCLError as error:
                self.get_logger().warning(f'no such transition while {self.state}: {error}')
                response.success = False
                return response

        service.callback = answer


def started(make: Callable[[], ManagedNode]) -> ManagedNode:
    """
    Make a node and, where ``autostart`` says so, configure and activate it.

    :param make: the node's class.
    :raises LaecipsError: when it could not; nothing is left then.
    """
    node = make()
    try:
        node.start()
    except BaseException:
        node.close()
        node.destroy_node()
        raise
    return node
