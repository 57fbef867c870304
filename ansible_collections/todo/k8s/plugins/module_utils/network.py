"""Proxies and extra certificate authorities: judged, put together, and handed to programs without showing a password.

A password must be on no command line and in no output. Hence a file that only its owner can read holds the proxies
(`Store.settings`), an environment variable names that file, and the modules that fetch something take them from there
(`apply`).
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

# Names the file with the settings for modules; the path is no secret.
FILE_VARIABLE = "TODO_K8S_NETWORK"
# The merged bundle, for what has no variable of its own for it: apt.
BUNDLE_VARIABLE = "TODO_K8S_CA_BUNDLE"
# Each client has its own name for the file of trusted authorities; the first serves Go, OpenSSL and httpx.
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# What is never behind a proxy: this host, Minikube's first networks, Kubernetes' services and pods, and their names.
NEAR = (
    "localhost",
    "127.0.0.1",
    "::1",
    *(f"192.168.{third}.0/24" for third in (49, 58, 67, 76, 85)),
    "10.96.0.0/12",
    "10.244.0.0/16",
    "kubernetes",
    "host.minikube.internal",
    "control-plane.minikube.internal",
    ".svc",
    ".cluster.local",
)
# A ConfigMap holds 1 MiB; the bundle has to fit into one.
MAX_BUNDLE = 1_000_000
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")


class NetworkError(Exception):
    """A setting cannot be used; `subject`, `found`, `needed` and `remedy` say why, without any password."""

    def __init__(self, subject: str, found: str, needed: str, remedy: str) -> None:
        super().__init__(f"{subject}: found {found}; needed {needed}. Remedy: {remedy}.")
        self.subject, self.found, self.needed, self.remedy = subject, found, needed, remedy


def check_proxy(name: str, url: str) -> None:
    """Refuse a proxy's address that clients would misread.

    :param name: The setting, for the message; the value itself is never shown, it may hold a password.
    :raises NetworkError: with what is wrong.
    """
    needed = "http://HOST:PORT, with a user http://USER:PASSWORD@HOST:PORT"
    remedy = "correct it where it is set: inventories/*/group_vars, -e, or the environment's variable of that name"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NetworkError(name, "an address whose host or port cannot be read", needed, remedy) from None
    encode = "write special characters of a password percent-encoded (# is %23, / is %2F, @ is %40)"
    if re.search(r"[\s\"'\\<>`]|[^\x20-\x7e]", url):
        raise NetworkError(name, "an address with a blank, a quote or another character no URL has", needed, encode)
    if parts.scheme not in ("http", "https"):
        scheme = f"the scheme {parts.scheme}" if "://" in url else "an address without http://"
        raise NetworkError(name, scheme, needed, remedy)
    if parts.query or parts.fragment or parts.path not in ("", "/") or parts.netloc.count("@") > 1:
        raise NetworkError(name, "something after the host and port", needed, encode)
    if not parts.hostname or port == 0:
        raise NetworkError(name, "an address without a host" if not parts.hostname else "port 0", needed, remedy)


def has_password(url: str) -> bool:
    """Whether an address has something to hide."""
    return "@" in url


def shown(url: str) -> str:
    """An address for people: what is before the host is left out."""
    parts: SplitResult = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme else "(hidden)"


def is_loopback(url: str) -> bool:
    """Whether a proxy listens on this host's loopback only, where neither builds nor node nor pods reach it."""
    host = (urlsplit(url).hostname or "") if url else ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def no_proxy(*lists: str | Iterable[str]) -> str:
    """One list from several, each name once: texts may be separated by commas or blanks, as clients take both."""
    found: dict[str, None] = {}
    for entry in lists:
        names = re.split(r"[,\s]+", entry) if isinstance(entry, str) else entry
        found.update(dict.fromkeys(name.strip() for name in names if name.strip()))
    return ",".join(found)


def certificates(text: str) -> list[str]:
    """The certificates of a PEM text, each once and without remarks around them."""
    return list(dict.fromkeys("\n".join(line.strip() for line in block.split("\n")) for block in _BLOCK.findall(text)))


def read_authorities(path: str, name: str = "todo_ca_bundle") -> list[str]:
    """The certificates of a user's file.

    :raises NetworkError: when it is missing, holds none, a broken one, or a private key.
    """
    needed = "a readable file of one or more CA certificates in PEM form (-----BEGIN CERTIFICATE-----)"
    if not Path(path).expanduser().is_absolute():
        raise NetworkError(name, f"the relative path {path}", needed, "write the whole path, from / on")
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        found = f"{path}: {(error.strerror or str(error)).lower()}"
        raise NetworkError(name, found, needed, "correct the path, or leave it empty for no extra authority") from None
    if "PRIVATE KEY-----" in text:  # the file goes to builds, node and pods
        remedy = "keep the key out of it: certificates alone are handed on"
        raise NetworkError(name, f"a private key in {path}", needed, remedy)
    blocks = certificates(text)
    if not blocks or text.count("-----BEGIN CERTIFICATE-----") > len(_BLOCK.findall(text)):
        remedy = "a DER file becomes PEM by: openssl x509 -inform der -in FILE -out FILE.pem"
        found = f"no certificate in {path}" if not blocks else f"a certificate in {path} that is not whole"
        raise NetworkError(name, found, needed, remedy)
    for number, block in enumerate(blocks, 1):
        try:
            ssl.create_default_context(cadata=block)
        except (ssl.SSLError, ValueError):
            found = f"certificate {number} of {len(blocks)} in {path} that cannot be read"
            remedy = f"get the file anew; openssl x509 -noout -text -in {path} says what is wrong"
            raise NetworkError(name, found, needed, remedy) from None
    return blocks


def system_bundle(preferred: str = "") -> str:
    """Path of this host's trusted authorities, empty where none is found.

    :param preferred: The user's own choice (SSL_CERT_FILE), taken when it is there.
    """
    return next((path for path in (preferred, *SYSTEM_BUNDLES) if path and Path(path).is_file()), "")


def merge(system: str, extra: list[str]) -> str:
    """The text of the whole bundle: what the system trusts, and the extra authorities.

    :raises NetworkError: when it would not fit into a ConfigMap.
    """
    known = certificates(Path(system).read_text(encoding="utf-8", errors="replace")) if system else []
    text = "\n".join(dict.fromkeys([*known, *extra])) + "\n"
    if len(text) > MAX_BUNDLE:
        found = f"{len(text)} bytes together with {system}"
        remedy = "name only the authorities of your own network in it"
        raise NetworkError("todo_ca_bundle", found, f"at most {MAX_BUNDLE} bytes", remedy)
    return text


@dataclass(frozen=True)
class Settings:
    """The user's settings, as they are: addresses of proxies, names not behind them, path of the extra authorities."""

    http: str = ""
    https: str = ""
    none: str = ""
    ca: str = ""

    def problems(self) -> list[NetworkError]:
        """Everything that cannot be used."""
        found = []
        for name, url in (("todo_http_proxy", self.http), ("todo_https_proxy", self.https)):
            try:
                if url:
                    check_proxy(name, url)
            except NetworkError as error:
                found.append(error)
        try:
            if self.ca:
                read_authorities(self.ca)
        except NetworkError as error:
            found.append(error)
        return found

    @property
    def has_proxy(self) -> bool:
        return bool(self.http or self.https)

    def proxies(self) -> dict[str, str]:
        """The proxies as environment variables, in both spellings as clients differ."""
        found = {"HTTP_PROXY": self.http, "HTTPS_PROXY": self.https}
        return {spelling: url for name, url in found.items() if url for spelling in (name, name.lower())}

    def without_proxy(self, *more: str | Iterable[str]) -> dict[str, str]:
        """The names not behind a proxy as environment variables; nothing where there is no proxy."""
        if not self.has_proxy:
            return {}
        names = no_proxy(self.none, NEAR, *more)
        return {"NO_PROXY": names, "no_proxy": names}

    def environment(self, bundle: str = "") -> dict[str, str]:
        """All of it as environment variables, passwords too: for a program's own environment, never for display.

        :param bundle: Path of the merged bundle, empty for none.
        """
        authorities = dict.fromkeys((*CA_VARIABLES, BUNDLE_VARIABLE), bundle) if bundle else {}
        return {**self.proxies(), **self.without_proxy(), **authorities}

    def visible(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """What of the proxies may be shown, less what is inherited anyway; an inherited one that is not wanted is
        emptied. Addresses with a password are left out: modules take them from the file."""
        found = {}
        for name, url in (("HTTP_PROXY", self.http), ("HTTPS_PROXY", self.https)):
            for spelling in (name, name.lower()):
                if inherited.get(spelling, "") != url and not has_password(url):
                    found[spelling] = url
        return found


@dataclass(frozen=True)
class Store:
    """The files below the state folder."""

    folder: Path

    @property
    def bundle(self) -> Path:
        return self.folder / "ca-bundle.pem"

    @property
    def extra(self) -> Path:
        return self.folder / "ca-extra.pem"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.json"

    @property
    def unit(self) -> Path:
        return self.folder / "engine.env"

    @property
    def docker_config(self) -> Path:
        return self.folder / "docker"

    def wanted(self, settings: Settings, system: str, docker_config: Path) -> dict[Path, tuple[str, int]]:
        """The files that the settings ask for: path to content and mode.

        :param system: Path of the system's bundle.
        :param docker_config: The user's own folder of Docker's client, whose sign-ins and plugins stay in force.
        """
        files: dict[Path, tuple[str, int]] = {}
        if settings.ca:
            extra = read_authorities(settings.ca)
            files[self.bundle] = (merge(system, extra), 0o644)
            files[self.extra] = ("\n".join(extra) + "\n", 0o644)
        if files or settings.has_proxy:
            told = settings.environment(str(self.bundle) if settings.ca else "")
            files[self.settings] = (json.dumps({"environment": told}, indent=1, sort_keys=True) + "\n", 0o600)
            files[self.unit] = ("".join(f'{name}="{value}"\n' for name, value in sorted(told.items())), 0o600)
        if settings.has_proxy:
            content = client_config(settings, docker_config)
            files[self.docker_config / "config.json"] = (json.dumps(content, indent=1, sort_keys=True) + "\n", 0o600)
        return files

    def differing(self, files: Mapping[Path, tuple[str, int]]) -> list[Path]:
        """Those that are missing, other than wanted, or there without being wanted."""
        known = (self.bundle, self.extra, self.settings, self.unit, self.docker_config / "config.json")
        stale = [path for path in known if path.exists() and path not in files]
        return [path for path, (content, mode) in files.items() if not _is(path, content, mode)] + stale

    def write(self, files: Mapping[Path, tuple[str, int]]) -> None:
        """Bring them about; what is not wanted is removed."""
        for path in self.differing(files):
            if path not in files:
                path.unlink(missing_ok=True)
                continue
            content, mode = files[path]
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(dir=path.parent)  # 0600 from the first byte on
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            Path(partial).chmod(mode)
            Path(partial).replace(path)
        for folder in (self.docker_config, self.folder):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _is(path: Path, content: str, mode: int) -> bool:
    try:
        return path.stat().st_mode & 0o777 == mode and path.read_text(encoding="utf-8") == content
    except OSError:
        return False


def client_config(settings: Settings, docker_config: Path) -> dict:
    """Docker's client configuration for builds: the user's own, with the proxies.

    Docker hands proxies of its configuration to builds as predefined arguments, which are in no layer and no history;
    unlike `--build-arg` they are on no command line.
    """
    try:
        own = json.loads((docker_config / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        own = {}
    kept = {name: own[name] for name in ("auths", "credsStore", "credHelpers", "HttpHeaders") if name in own}
    proxies = {"httpProxy": settings.http, "httpsProxy": settings.https, **({"noProxy": no_proxy(settings.none, NEAR)})}
    folders = [str(docker_config / "cli-plugins"), *own.get("cliPluginsExtraDirs", [])]
    return {
        **kept,
        "cliPluginsExtraDirs": folders,
        "proxies": {"default": {name: value for name, value in proxies.items() if value}},
    }


def settings_file() -> str:
    """Path of the file with the settings, for a program that reads it itself; empty without settings."""
    path = os.environ.get(FILE_VARIABLE, "")
    return path if path and Path(path).is_file() else ""


def unit_file() -> str:
    """Path of the same as systemd reads it; empty without settings."""
    path = Store(Path(settings_file()).parent).unit if settings_file() else None
    return str(path) if path and path.is_file() else ""


def apply(environ: MutableMapping[str, str] | None = None) -> None:
    """Take the settings into this process's environment, and hence into that of every program it starts.

    Without settings nothing happens. What the caller gave as NO_PROXY stays: it may know the cluster's address too.
    """
    environ = os.environ if environ is None else environ
    try:
        told = json.loads(Path(environ.get(FILE_VARIABLE) or "/nowhere").read_text(encoding="utf-8"))["environment"]
    except (OSError, ValueError, KeyError):
        return
    for name, value in told.items():
        if name.upper() != "NO_PROXY" or not environ.get(name):
            environ[name] = value


@contextmanager
def public_bundle() -> Iterator[str]:
    """Path of a copy of the merged bundle that every user of this host can read while it lasts, empty without one: apt
    fetches as a user of its own, who cannot look into a home folder."""
    bundle = os.environ.get(BUNDLE_VARIABLE, "")
    if not bundle or not Path(bundle).is_file():
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="todo-k8s-ca-") as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "ca-bundle.pem"
        shutil.copyfile(bundle, copy)
        copy.chmod(0o644)
        yield str(copy)


def apt_lines(environ: Mapping[str, str], bundle: str) -> list[str]:
    """apt's settings for the network that the environment describes; names not behind the proxy only where whole."""
    lines = []
    direct = [name for name in environ.get("NO_PROXY", "").split(",") if re.fullmatch(r"[\w-]+(\.[\w-]+)*", name)]
    for scheme in ("http", "https"):
        url = environ.get(f"{scheme.upper()}_PROXY") or environ.get(f"{scheme}_proxy")
        if url:
            lines.append(f'Acquire::{scheme}::Proxy "{url}";')
            lines += [f'Acquire::{scheme}::Proxy::{name} "DIRECT";' for name in direct]
    return lines + ([f'Acquire::https::CaInfo "{bundle}";'] if bundle else [])


@contextmanager
def apt_arguments() -> Iterator[list[str]]:
    """Arguments that tell apt of this process's proxies and extra authorities; none without them.

    A file and not options, which everybody could read; a file and not the environment, which sudo drops.
    """
    with public_bundle() as bundle, tempfile.TemporaryDirectory(prefix="todo-k8s-apt-") as folder:
        lines = apt_lines(os.environ, bundle) if os.environ.get(FILE_VARIABLE) or bundle else []
        if not lines:
            yield []
            return
        path = Path(folder) / "apt.conf"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield ["-c", str(path)]


@contextmanager
def used(settings: Settings, system: str = "") -> Iterator[None]:
    """The settings in this process's environment, and nothing of them on the disk afterwards: for a look before
    anything is changed."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="todo-k8s-ca-") as folder:
        bundle = ""
        if settings.ca:
            path = Path(folder) / "ca-bundle.pem"
            path.write_text(merge(system_bundle(system), read_authorities(settings.ca)), encoding="utf-8")
            bundle = str(path)
        # Also the variable that says that all this is ours to hand on.
        os.environ.update({**settings.environment(bundle), FILE_VARIABLE: os.environ.get(FILE_VARIABLE, "none yet")})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
