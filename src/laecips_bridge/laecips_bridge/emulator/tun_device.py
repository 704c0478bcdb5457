"""TUN devices: network interfaces whose packets a process reads and writes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import struct

TUN_PATH = Path('/dev/net/tun')

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_IFREQ = struct.Struct('16sH22x')


def open_tun() -> tuple[int, str]:
    """
    Make a TUN device in this process's network namespace; it is gone when it is closed.

    :returns: non-blocking file descriptor, one whole IP packet per read and write, and the name
        that the kernel gave the device.
    :raises OSError: when this process may not.
    """
    device = os.open(TUN_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        request = _IFREQ.pack(b'laecips%d', _IFF_TUN | _IFF_NO_PI)
        name, _ = _IFREQ.unpack(fcntl.ioctl(device, _TUNSETIFF, request))
    except BaseException:
        os.close(device)
        raise
    return device, name.rstrip(b'\0').decode()
