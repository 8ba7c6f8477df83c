"""Kibana's settings as the stand-in knows them: which exist, what they may hold, and how Kibana refuses them."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import yaml

HOME = Path("/usr/share/kibana")

# Kibana's own exit codes for a configuration it does not start with.
UNKNOWN_KEY = 64
INVALID_VALUE = 78


class Refused(Exception):
    """Kibana would not start with this configuration."""

    def __init__(self, message, exit_code=INVALID_VALUE):
        super().__init__(message)
        self.exit_code = exit_code


def invalid(key, message):
    """`key` as Kibana prints it: the plugin's prefix in brackets, then the rest."""
    prefix = next(p for p in PREFIXES if key == p or key.startswith(p + "."))
    return Refused(f"[config validation of [{prefix}]{key[len(prefix):]}]: {message}")


# ------------------------------------------------------------------ what a value may be


def flag(value):
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError(f"expected value of type [boolean] but got [{type_name(value)}]")


def text(value):
    if isinstance(value, str):
        return value
    raise ValueError(f"expected value of type [string] but got [{type_name(value)}]")


def texts(value):
    return [text(item) for item in (value if isinstance(value, list) else [value])]


def password(value):
    """The one text that may be written as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def port(value):
    if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)):
        raise ValueError(f"expected value of type [number] but got [{type_name(value)}]")
    if int(value) > 65535:
        raise ValueError("Value must be equal to or lower than [65535].")
    return int(value)


def urls(value):
    for url in texts(value):
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("expected URI with scheme [http|https].")
    return texts(value)


def base_path(value):
    if value and not re.fullmatch(r"/.*[^/]", text(value)):
        raise ValueError("must start with a slash, don't end with one")
    return text(value)


def user(value):
    if value == "elastic":
        raise ValueError(
            'value of "elastic" is forbidden. This is a superuser account that cannot write to system indices that '
            "Kibana needs to function. Use a service account token instead."
        )
    return text(value)


def encryption_key(value):
    if len(text(value)) < 32:
        raise ValueError(f"value has length [{len(value)}] but it must have a minimum length of [32].")
    return value


def color(value):
    if not re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text(value)):
        raise ValueError("must be a valid hex color")
    return value


def one_of(*choices):
    def check(value):
        # YAML reads a bare `off` as false.
        value = "off" if value is False and "off" in choices else value
        if value not in choices:
            raise ValueError("types that failed validation: expected value to equal " + ", ".join(f"[{c}]" for c in choices))
        return value

    return check


def shutdown_timeout(value):
    units = {"": 1, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    found = re.fullmatch(r"(0|[1-9][0-9]*)(ms|s|m|h|d|)", str(value))
    if isinstance(value, bool) or not found:
        raise ValueError(
            "Failed to parse value as time value. Value must be a duration in milliseconds, or follow the format "
            "<count>[ms|s|m|h|d|w|M|y] (e.g. '70ms', '5s', '3d', '1y'), where the duration is a safe positive integer."
        )
    if not 1000 <= int(found[1]) * units[found[2]] <= 120_000:
        raise ValueError("the value should be between 1 second and 2 minutes")
    return value


def type_name(value):
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "Array", type(None): "null"}
    return names.get(type(value), "Object")


# ------------------------------------------------------------------ which settings there are

# Only what a mesh sets, each as Kibana's documentation has it. Not among them: telemetry.enabled, which
# older configurations set and the documentation no longer has.
SETTINGS = {
    # elastic.co/docs/reference/kibana/configuration-reference/general-settings
    "server.host": text,
    "server.port": port,
    "server.name": text,
    "server.basePath": base_path,
    "server.rewriteBasePath": flag,
    "server.publicBaseUrl": text,
    "server.shutdownTimeout": shutdown_timeout,
    # elastic.co/docs/reference/kibana/configuration-reference/general-settings#server-ssl-settings
    "server.ssl.enabled": flag,
    "server.ssl.certificate": text,
    "server.ssl.key": text,
    "server.ssl.certificateAuthorities": texts,
    # elastic.co/docs/reference/kibana/configuration-reference/general-settings#elasticsearch-connection-settings
    "elasticsearch.hosts": urls,
    "elasticsearch.username": user,
    "elasticsearch.password": password,
    "elasticsearch.serviceAccountToken": text,
    # elastic.co/docs/reference/kibana/configuration-reference/general-settings#elasticsearch-ssl-settings
    "elasticsearch.ssl.certificateAuthorities": texts,
    "elasticsearch.ssl.verificationMode": one_of("full", "certificate", "none"),
    # elastic.co/docs/reference/kibana/configuration-reference/security-settings
    "xpack.security.encryptionKey": encryption_key,
    # elastic.co/docs/reference/kibana/configuration-reference/security-settings#security-encrypted-saved-objects-settings
    "xpack.encryptedSavedObjects.encryptionKey": encryption_key,
    # elastic.co/docs/reference/kibana/configuration-reference/reporting-settings
    "xpack.reporting.encryptionKey": encryption_key,
    # elastic.co/docs/reference/kibana/configuration-reference/banner-settings
    "xpack.banners.placement": one_of("disabled", "top"),
    "xpack.banners.textContent": text,
    "xpack.banners.textColor": color,
    "xpack.banners.backgroundColor": color,
    "xpack.banners.disableSpaceBanners": flag,
    # elastic.co/docs/reference/kibana/configuration-reference/telemetry-settings
    "telemetry.optIn": flag,
    "telemetry.allowChangingOptInStatus": flag,
    # elastic.co/docs/reference/kibana/configuration-reference/general-settings#general-kibana-settings
    "newsfeed.enabled": flag,
    # elastic.co/docs/reference/kibana/configuration-reference/map-settings
    "map.includeElasticMapsService": flag,
    # elastic.co/docs/reference/kibana/configuration-reference/fleet-settings
    "xpack.fleet.isAirGapped": flag,
    # elastic.co/docs/reference/kibana/configuration-reference/logging-settings
    "logging.root.level": one_of("all", "fatal", "error", "warn", "info", "debug", "trace", "off"),
    # elastic.co/docs/reference/kibana/configuration-reference/monitoring-settings#monitoring-ui-cgroup-settings
    "monitoring.ui.container.elasticsearch.enabled": flag,
}

DEFAULTS = {
    "server.host": "localhost",
    "server.port": 5601,
    "server.name": "kibana",
    "server.basePath": "",
    "server.rewriteBasePath": False,
    "server.ssl.enabled": False,
    "elasticsearch.hosts": ["http://localhost:9200"],
    "elasticsearch.ssl.certificateAuthorities": [],
    "elasticsearch.ssl.verificationMode": "full",
    "xpack.banners.placement": "disabled",
    "xpack.banners.textContent": "",
    "xpack.banners.textColor": "#8A6A0A",
    "xpack.banners.backgroundColor": "#FFF9E8",
    "logging.root.level": "info",
}

PREFIXES = (
    "server", "elasticsearch", "telemetry", "newsfeed", "map", "logging", "monitoring",
    "xpack.security", "xpack.encryptedSavedObjects", "xpack.reporting", "xpack.banners", "xpack.fleet",
)


# ------------------------------------------------------------------ reading them


class StrictLoader(yaml.SafeLoader):
    """YAML with Kibana's rule that a key stands only once, where PyYAML would let the last one win."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise Refused(f"duplicated mapping key: {key}")
        return super().construct_mapping(node, deep)


def flatten(tree, prefix=""):
    """`a: {b: 1}`, `a.b: 1` and every mixture of the two are the same setting."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def read(file):
    try:
        tree = yaml.load(file.read_text(encoding="utf-8"), StrictLoader) or {}
    except OSError as error:
        raise Refused(f"{error.strerror}: open '{file}'") from error
    except yaml.YAMLError as error:
        raise Refused(f"YAMLException: {error}") from error
    if not isinstance(tree, dict):
        raise Refused(f"the config at {file} is not an object")
    return check(dict(flatten(tree)))


def check(given):
    unknown = [key for key in given if key not in SETTINGS]
    if unknown:
        names = ", ".join(f'"{key}"' for key in unknown)
        raise Refused(
            f"Unknown configuration key(s): {names}. "
            "Check for spelling errors and ensure that expected plugins are installed.",
            UNKNOWN_KEY,
        )
    settings = dict(DEFAULTS)
    for key, value in given.items():
        try:
            settings[key] = SETTINGS[key](value)
        except ValueError as error:
            raise invalid(key, error) from error
    check_together(settings)
    return settings


def check_together(settings):
    if "elasticsearch.serviceAccountToken" in settings and "elasticsearch.username" in settings:
        # the schema of Kibana has the one only where the other is missing
        raise invalid("elasticsearch.serviceAccountToken", "a value wasn't expected to be present")
    path, public = settings["server.basePath"], settings.get("server.publicBaseUrl")
    if settings["server.rewriteBasePath"] and not path:
        raise invalid("server", "cannot use [rewriteBasePath] when [basePath] is not specified")
    if public:
        url = urlsplit(public)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise invalid("server.publicBaseUrl", "expected URI with scheme [http|https].")
        if url.query or url.fragment or url.username:
            raise invalid("server", "[publicBaseUrl] may only contain a protocol, host, port, and pathname")
        if (url.path or "/") != (path or "/"):
            raise invalid("server", f"[publicBaseUrl] must contain the [basePath]: {url.path or '/'} !== {path}")
    if settings["server.ssl.enabled"] and not (settings.get("server.ssl.certificate") and settings.get("server.ssl.key")):
        raise invalid("server.ssl", "must specify [certificate] and [key] when ssl is enabled")


def path(name):
    """Kibana takes a relative path from its working directory, not from the directory of kibana.yml."""
    file = HOME / name
    try:
        file.open("rb").close()
    except OSError as error:
        raise Refused(f"{error.strerror}, open '{file}' (given as '{name}', relative to {HOME})") from error
    return str(file)
