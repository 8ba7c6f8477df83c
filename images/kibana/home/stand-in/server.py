"""A stand-in for Kibana: its configuration, its address, its status, its data views. Nothing of its user interface.

It refuses a kibana.yml that Kibana would refuse, logs in to Elasticsearch as Kibana does, and answers
`/api/status` accordingly, so that what surrounds Kibana can be tested where Kibana cannot be had.
"""

import base64
import html
import http.client
import json
import os
import signal
import socketserver
import ssl
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import settings as kibana
from views import Views

VERSION = json.loads((kibana.HOME / "package.json").read_text())["version"]
NAME = f"Kibana stand-in {VERSION}"
LEVELS = ("all", "trace", "debug", "info", "warn", "error", "fatal", "off")

# Seconds that a client may take for its handshake, and for each request.
PATIENCE = 15


class Log:
    threshold = LEVELS.index("info")

    @classmethod
    def write(cls, level, logger, message):
        if LEVELS.index(level) >= cls.threshold:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            print(f"[{now}][{level.upper():<5}][{logger}] {message}", flush=True)


class Elasticsearch(threading.Thread):
    """Logs in again and again, and remembers whether the last time worked."""

    def __init__(self, settings):
        super().__init__(name="elasticsearch", daemon=True)
        self.available = False
        self.hosts = settings["elasticsearch.hosts"]
        self.tls = self.tls_context(settings)
        self.headers = {}
        if "elasticsearch.serviceAccountToken" in settings:
            self.headers["Authorization"] = "Bearer " + settings["elasticsearch.serviceAccountToken"]
        elif "elasticsearch.username" in settings:
            login = f'{settings["elasticsearch.username"]}:{settings.get("elasticsearch.password", "")}'
            self.headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        self.last_message = None

    @staticmethod
    def tls_context(settings):
        # Not ssl.create_default_context: it is stricter about certificates than Kibana.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        mode = settings["elasticsearch.ssl.verificationMode"]
        if mode != "full":
            context.check_hostname = False
        if mode == "none":
            context.verify_mode = ssl.CERT_NONE
        authorities = settings["elasticsearch.ssl.certificateAuthorities"]
        for authority in authorities:
            context.load_verify_locations(kibana.path(authority))
        if not authorities:
            context.load_default_certs()
        return context

    def run(self):
        while True:
            try:
                message = f"logged in to Elasticsearch as {self.log_in()}"
                self.available = True
            except Exception as error:  # whatever it is, the next attempt may work
                message = f"Unable to retrieve version information from Elasticsearch nodes. {error}"
                self.available = False
            if message != self.last_message:
                Log.write("info" if self.available else "error", "elasticsearch-service", message)
                self.last_message = message
            time.sleep(10 if self.available else 2)

    def lets_in(self, authorization):
        """Whether Elasticsearch knows who sends this header."""
        if not authorization:
            return False
        for host in self.hosts:
            try:
                self.authenticate(urlsplit(host), {"Authorization": authorization})
                return True
            except (OSError, http.client.HTTPException, ValueError):
                continue
        return False

    def log_in(self):
        """The user's name, from the first host that lets us in."""
        failures = []
        for host in self.hosts:
            try:
                return self.authenticate(urlsplit(host))
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(f"{host}: {error}")
        raise ConnectionError("; ".join(failures))

    def authenticate(self, url, headers=None):
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(url.hostname, url.port or 9200, timeout=PATIENCE, context=self.tls)
        else:
            connection = http.client.HTTPConnection(url.hostname, url.port or 9200, timeout=PATIENCE)
        try:
            connection.request("GET", url.path.rstrip("/") + "/_security/_authenticate", headers=headers or self.headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            error = answer.get("error", {}) if isinstance(answer, dict) else {}
            raise ValueError(f"{response.status} {error.get('reason', '') if isinstance(error, dict) else error}")
        return answer["username"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server_version, sys_version = "kibana-stand-in", ""

    def do_GET(self):
        # With rewriteBasePath Kibana expects the base path in front, without it a proxy that took it away.
        settings, path = self.server.settings, urlsplit(self.path).path
        base = settings["server.basePath"] if settings["server.rewriteBasePath"] else ""
        available = self.server.elasticsearch.available
        if path == f"{base}/api/status":
            level = "available" if available else "unavailable"
            self.answer_json(200 if available else 503, {"status": {"overall": {"level": level}}})
        elif path == f"{base}/stand-in/echo" and self.headers.get("Upgrade") == "echo":
            self.echo()
        elif path.startswith(f"{base}/api/data_views"):
            self.answer_views(path.removeprefix(f"{base}/api/data_views"))
        elif path in (base or "/", f"{base}/"):
            self.answer(200 if available else 503, "text/html; charset=utf-8", self.page(available))
        else:
            self.answer_json(404, {"statusCode": 404, "error": "Not Found", "message": "Not Found"})

    do_HEAD = do_GET
    do_POST = do_GET
    do_DELETE = do_GET

    def echo(self):
        """Another protocol on the same connection, for tests of proxies: every line comes back."""
        self.send_response(101)
        self.send_header("Connection", "upgrade")
        self.send_header("Upgrade", "echo")
        self.end_headers()
        self.close_connection = True
        for line in self.rfile:
            self.wfile.write(line)

    def answer_views(self, path):
        """Data views are for those who log in; Kibana has Elasticsearch say who that is."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if self.command != "GET" and not self.headers.get("kbn-xsrf"):
            status, answer = 400, "Request must contain a kbn-xsrf header."
        elif not self.server.elasticsearch.available:
            status, answer = 503, "Kibana server is not ready yet"
        elif not self.server.elasticsearch.lets_in(self.headers.get("Authorization")):
            status, answer = 401, "Unauthorized"
        else:
            status, answer = self.server.views.answer(self.command, path, body)
        if isinstance(answer, str):
            answer = {"statusCode": status, "error": self.responses[status][0], "message": answer}
        self.answer_json(status, answer)

    def answer_json(self, status, body):
        self.answer(status, "application/json; charset=utf-8", json.dumps({**body, "stand_in": True}))

    def answer(self, status, content_type, body):
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "private, no-cache, no-store, must-revalidate")
        self.send_header("kbn-name", self.server.settings["server.name"].encode("ascii", "replace").decode())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def page(self, available):
        settings, banner = self.server.settings, ""
        if settings["xpack.banners.placement"] == "top":
            banner = '<p style="color: {}; background: {}; padding: 0.5em">{}</p>'.format(
                settings["xpack.banners.textColor"],
                settings["xpack.banners.backgroundColor"],
                html.escape(settings["xpack.banners.textContent"]),
            )
        state = "It is logged in to Elasticsearch." if available else "Kibana server is not ready yet."
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{NAME}</title>'
            f"{banner}<h1>{NAME}</h1>"
            f"<p>This is a stand-in for Kibana: it has Kibana's address and status, and none of its pages. {state}</p>"
            f"<p>{html.escape(settings['server.name'])}</p></html>\n"
        )

    def log_message(self, format, *arguments):
        Log.write("debug", "http.server", f"{self.client_address[0]} {format % arguments}")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings, elasticsearch):
        self.settings, self.elasticsearch = settings, elasticsearch
        self.views = Views(kibana.HOME / "data" / "data_views.json")
        self.tls = self.tls_context(settings) if settings["server.ssl.enabled"] else None
        super().__init__((settings["server.host"], settings["server.port"]), Handler)

    @staticmethod
    def tls_context(settings):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = (kibana.path(settings[f"server.ssl.{part}"]) for part in ("certificate", "key"))
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise kibana.Refused(f"{certificate} and {key} are no certificate and its key: {error}") from error
        for authority in settings.get("server.ssl.certificateAuthorities", []):
            context.load_verify_locations(kibana.path(authority))
        return context

    def server_bind(self):
        # HTTPServer's own would look up the machine's name as well, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def finish_request(self, request, client_address):
        """Runs in the connection's own thread: a client that never shakes hands holds up nobody else."""
        request.settimeout(PATIENCE)
        if self.tls is None:
            return super().finish_request(request, client_address)
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        Log.write("debug", "http.server", f"{client_address[0]} {sys.exc_info()[1]}")


def main():
    if sys.argv[1:] == ["--version"]:
        print(VERSION)
        return
    # At once: there is nothing to finish, and Docker waits.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    try:
        settings = kibana.read(kibana.HOME / "config" / "kibana.yml")
        Log.threshold = LEVELS.index(settings["logging.root.level"])
        elasticsearch = Elasticsearch(settings)
        server = Server(settings, elasticsearch)
    except kibana.Refused as refused:
        print(f"\n FATAL  Error: {refused}\n", file=sys.stderr, flush=True)
        sys.exit(refused.exit_code)
    except OSError as error:
        print(f"\n FATAL  Error: {error}\n", file=sys.stderr, flush=True)
        sys.exit(70)
    scheme = "https" if server.tls else "http"
    address = f'{scheme}://{settings["server.host"]}:{settings["server.port"]}{settings["server.basePath"]}'
    Log.write("info", "http.server.Kibana", f"{NAME} (not Elastic's Kibana): http server running at {address}")
    elasticsearch.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
