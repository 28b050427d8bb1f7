"""Chromium without a window, spoken to over a pipe in its own protocol: for looking at pages as people do.

Nothing but the standard library: ``--remote-debugging-pipe`` reads commands from file descriptor 3 and
answers on 4, each a JSON object that ends with a zero byte.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60  # seconds without an answer


class Browser:
    """A browser with one page; what the page complains of is kept in `complaints`."""

    def __init__(self, profile):
        theirs, self._out = os.pipe()
        self._in, back = os.pipe()
        # numbers above those that the browser's ends shall get
        to_browser, from_browser = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs, back))
        words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        words += [f"--user-data-dir={profile}", "--no-first-run", "--disable-dev-shm-usage", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", *words],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for end in (theirs, back, to_browser, from_browser):
            os.close(end)
        self._rest, self._number, self._session = b"", 0, None
        self.complaints = []
        target = next(t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, **params):
        """Send a command and return what it gives."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._until(lambda said: said.get("id") == self._number)["result"]

    def _until(self, wanted):
        while True:
            while b"\0" not in self._rest:
                answered, _, _ = select.select([self._in], [], [], PATIENCE)
                read = os.read(self._in, 1 << 20) if answered else b""
                if not read:
                    self._process.kill()
                    self._process.wait()
                    raise AssertionError("the browser has gone, or does not answer")
                self._rest += read
            text, self._rest = self._rest.split(b"\0", 1)
            said = json.loads(text)
            assert "error" not in said, said
            if said.get("method") in (
                "Runtime.exceptionThrown",
                "Log.entryAdded",
                "Runtime.consoleAPICalled",
            ):
                self.complaints.append(said["params"])
            elif said.get("method") == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])
            if wanted(said):
                return said

    def open(self, path, width, theme):
        """Load a file as a window so many pixels wide would show it, light or dark."""
        self.complaints, self.requests = [], []
        phone = width < 600
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self("Page.navigate", url=path.resolve().as_uri())
        self._until(lambda said: said.get("method") == "Page.loadEventFired")

    def ask(self, script):
        """Return the value of an expression in the page."""
        answer = self("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, path):
        """Save the whole page as PNG."""
        shot = self("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        """Ask it to end, and wait for it."""
        self._session = None
        os.write(self._out, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
        self._process.wait(timeout=20)
        os.close(self._out)
        os.close(self._in)
