"""
A real browser without a window, driven over its DevTools protocol.

Run as a program it takes a picture of the live page once that shows a swap of weights:

    python test/system/chromium.py http://127.0.0.1:5006/ docs/pictures/view.png
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tornado.websocket import websocket_connect
from tornado.websocket import WebSocketClientConnection

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
SIZE_PX = (1400, 975)
"""Width and height of the window."""
SWAP_SHOWN = "Bokeh.documents[0]?.get_model_by_name('swaps')?.data.at_s.length > 0"
"""True in the live page once a swap of weights is on its time line."""

_FLAGS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--remote-debugging-port=0',
)
_START_S = 30.0
_POLL_S = 0.1
_DEMO_S = 600.0
_MAX_MESSAGE_BYTES = 100_000_000
_EMPTY_PAGE = 'about:blank'
# For the picture: the swap is not at the very edge of the axis.
_AFTER_SWAP_S = 8.0
_SWAP_BEHIND = f"""(() => {{
  const model = name => Bokeh.documents[0].get_model_by_name(name);
  return model('swaps').data.at_s[0] + {_AFTER_SWAP_S} < model('time line').x_range.end;
}})()"""


def chromium_path() -> str | None:
    """Find the browser; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Seen:
    """What the browser told of a page by itself."""

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def take(self, method: str, told: dict[str, Any]) -> None:
        """Note an event of the protocol."""
        if method == 'Runtime.exceptionThrown':
            self.errors.append(json.dumps(told['exceptionDetails']))
        elif method == 'Runtime.consoleAPICalled' and told['type'] in ('error', 'assert'):
            self.errors.append(json.dumps(told['args']))
        elif method == 'Log.entryAdded' and told['entry']['level'] == 'error':
            self.errors.append(json.dumps(told['entry']))
        elif method == 'Network.requestWillBeSent':
            self._take_address(told['request']['url'])
        elif method == 'Network.webSocketCreated':
            self._take_address(told['url'])

    def _take_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ('data', 'blob', 'about'):
            self.hosts.add(parts.netloc)


class Tab:
    """One page; its calls wait until the browser has answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: WebSocketClientConnection) -> None:
        self._loop, self._socket = loop, socket
        self._number = 0
        self.seen = Seen()

    def open(self, url: str) -> None:
        """Watch the page, and load it."""
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        self.call(
            'Emulation.setDeviceMetricsOverride',
            width=SIZE_PX[0], height=SIZE_PX[1], deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.call('Page.navigate', url=url)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call the browser and give its result."""
        return self._loop.run_until_complete(self._call(method, parameters))

    def evaluate(self, script: str) -> Any:
        """Give the value of a JavaScript expression in the page."""
        told = self.call('Runtime.evaluate', expression=script, returnByValue=True)
        if 'exceptionDetails' in told:
            raise RuntimeError(f'{script}: {told["exceptionDetails"]}')
        return told['result'].get('value')

    def wait_for(self, script: str, deadline_s: float) -> None:
        """Wait until a JavaScript expression is true in the page."""
        ends_s = time.monotonic() + deadline_s
        while not self.evaluate(f"typeof Bokeh !== 'undefined' && Boolean({script})"):
            if time.monotonic() > ends_s:
                raise TimeoutError(f'not true within {deadline_s:g} s: {script}')
            time.sleep(_POLL_S)

    def screenshot(self) -> bytes:
        """Take a picture of the window as PNG."""
        return base64.b64decode(self.call('Page.captureScreenshot', format='png')['data'])

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {'id': number, 'method': method, 'params': parameters}
        await self._socket.write_message(json.dumps(message))
        while True:
            text = await self._socket.read_message()
            if text is None:
                raise ConnectionError(f'the browser ended during {method}')
            told = json.loads(text)
            if told.get('id') != number:
                self.seen.take(told['method'], told['params'])
            elif 'error' in told:
                raise RuntimeError(f'{method}: {told["error"]}')
            else:
                result: dict[str, Any] = told['result']
                return result


@contextmanager
def browser_tab(path: str) -> Iterator[Tab]:
    """
    Run a browser with one empty page while the block does.

    :param path: of the browser.
    """
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = [path, *_FLAGS, f'--user-data-dir={folder}', _EMPTY_PAGE]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            socket = loop.run_until_complete(_connect(_page_url(Path(folder), process)))
            try:
                yield Tab(loop, socket)
            finally:
                loop.run_until_complete(_close(socket))
        finally:
            process.terminate()
            process.wait()
            loop.close()


async def _connect(url: str) -> WebSocketClientConnection:
    return await websocket_connect(url, max_message_size=_MAX_MESSAGE_BYTES)


async def _close(socket: WebSocketClientConnection) -> None:
    # Its callbacks belong to this loop, and must have run before that is closed.
    socket.close()
    while await socket.read_message() is not None:
        pass


def _page_url(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait until the browser has written where it listens, and ask it for its page."""
    ends_s = time.monotonic() + _START_S
    written = folder / 'DevToolsActivePort'
    while not (written.exists() and written.read_text().count('\n') >= 1):
        if process.poll() is not None or time.monotonic() > ends_s:
            raise TimeoutError(f'the browser did not start, exit status {process.poll()}')
        time.sleep(_POLL_S)
    port = int(written.read_text().splitlines()[0])
    with urlopen(f'http://127.0.0.1:{port}/json/list', timeout=_START_S) as answer:
        pages = [page for page in json.load(answer) if page['type'] == 'page']
    return str(pages[0]['webSocketDebuggerUrl'])


def main() -> None:
    """Take a picture of a live page."""
    url, target = sys.argv[1:]
    path = chromium_path()
    if path is None:
        sys.exit(f'no browser: expected one of {", ".join(NAMES)}')
    with browser_tab(path) as tab:
        tab.open(url)
        tab.wait_for(SWAP_SHOWN, deadline_s=_DEMO_S)
        tab.wait_for(_SWAP_BEHIND, deadline_s=_DEMO_S)
        Path(target).write_bytes(tab.screenshot())
    if tab.seen.errors:
        sys.exit('\n'.join(tab.seen.errors))


if __name__ == '__main__':
    main()
