"""Brings what the ROS-free parts log into a node's log."""

from __future__ import annotations

from collections.abc import Sequence
import logging

from rclpy.logging import LoggingSeverity
from rclpy.node import Node

PACKAGES = ('laecips_core', 'laecips_ros')


class LoggingBridge(logging.Handler):
    """
    Forwards the Python loggers of some packages to a node's logger.

    The node's own level decides what is shown, so ``--log-level debug`` reaches the core too.
    """

    def __init__(self, node: Node, packages: Sequence[str] = PACKAGES) -> None:
        """
        Forward from now on, until closed.

        :param node: whose logger shows the lines.
        :param packages: top-level names of the Python loggers.
        """
        super().__init__(logging.DEBUG)
        self._node_logger = node.get_logger()
        self._loggers = [logging.getLogger(name) for name in packages]
        self._levels = [logger.level for logger in self._loggers]
        for logger in self._loggers:
            logger.addHandler(self)
            logger.setLevel(logging.DEBUG)

    def close(self) -> None:
        """Detach from the Python loggers and give them their levels back."""
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.removeHandler(self)
            logger.setLevel(level)
        self._loggers, self._levels = [], []
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """
        Show one record, with the name of its logger and its traceback, if any.

        :param record: what was logged.
        """
        severity = _severity(record.levelno)
        if not self._node_logger.is_enabled_for(severity):
            return
        try:
            text = f'{record.name}: {self.format(record)}'
        except Exception:
            self.handleError(record)
            return
        self._show(severity, text)

    def _show(self, severity: LoggingSeverity, text: str) -> None:
        # rclpy refuses two severities from one source line, so each has its own.
        if severity == LoggingSeverity.DEBUG:
            self._node_logger.debug(text)
        elif severity == LoggingSeverity.INFO:
            self._node_logger.info(text)
        elif severity == LoggingSeverity.WARN:
            self._node_logger.warning(text)
        elif severity == LoggingSeverity.ERROR:
            self._node_logger.error(text)
        else:
            self._node_logger.fatal(text)


def _severity(level: int) -> LoggingSeverity:
    """Round a Python level, DEBUG or more, down to a severity."""
    return LoggingSeverity(min(level // 10 * 10, LoggingSeverity.FATAL))
