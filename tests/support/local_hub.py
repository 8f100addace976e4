#!/usr/bin/env python3
"""A small hub on loopback for tests: the API, resolve with redirects, a second server for large files, and faults on demand.

Usage: local_hub.py ROOT [--certificate CERT --key KEY]

ROOT/models/NAME and ROOT/datasets/NAME (NAME may be "owner/name") are repositories: the folders of their files on main.
NAME@REVISION, with "/" written as "__", holds another revision. NAME.json beside the folder says what is special:
  private, gated  true: only with the token "hf_good"; "hf_other" is a token without access
  renamed         the name to which requests are redirected
  large           patterns of names that are stored as LFS files; default: those of weights, tables and archives
  listed          paths that the lists of files name beside the real ones
  page            files per page of a list; default 1000
ROOT/faults.json is read at each request: a list of {"path": part of the path, "server": "hub" or "store", "method",
"skip": N, "times": N, and what is to happen}: see Handler.faulty. ROOT/requests.jsonl gets a line per request.
When both servers listen ROOT/ready appears, a JSON with their addresses "hub" and "store".
"""
import argparse
import fnmatch
import hashlib
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGE = ["*.safetensors", "*.parquet", "*.bin", "*.gz", "*.zst", "*.arrow"]
KINDS = {"models": "", "datasets": "datasets/"}


class Repository:
    """One revision of a repository: its files, their hashes as the hub names them, and the commit they make."""

    hashes = {}
    lock = threading.Lock()

    def __init__(self, root, kind, name, revision):
        self.kind, self.name, self.base = kind, name, root / kind / name
        about = Path(f"{self.base}.json")
        self.about = json.loads(about.read_text()) if about.exists() else {}
        self.exists = self.base.is_dir() or "renamed" in self.about
        self.folder, self.commit = None, None
        if not self.base.is_dir():
            return
        folders = {"main": self.base}
        for other in self.base.parent.glob(self.base.name + "@*"):
            folders[other.name.split("@", 1)[1].replace("__", "/")] = other
        self.commits = {each: self.commit_of(folder) for each, folder in folders.items()}
        for each, commit in self.commits.items():
            if revision in (each, commit):
                self.folder, self.commit = folders[each], commit

    def files(self, folder=None):
        folder = folder or self.folder
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def commit_of(self, folder):
        whole = hashlib.sha1(f"{self.kind}/{self.name}".encode())
        for name in self.files(folder):
            whole.update(f"{name} {self.hash_of(folder / name)[1]}\n".encode())
        return whole.hexdigest()

    @classmethod
    def hash_of(cls, path):
        """Size, SHA-1 as git names the file, SHA-256."""
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        with cls.lock:
            if key not in cls.hashes:
                git, sha = hashlib.sha1(b"blob %d\0" % status.st_size), hashlib.sha256()
                with open(path, "rb") as file:
                    while block := file.read(1 << 20):
                        git.update(block)
                        sha.update(block)
                cls.hashes[key] = (status.st_size, git.hexdigest(), sha.hexdigest())
            return cls.hashes[key]

    def is_large(self, name):
        return any(fnmatch.fnmatch(name, pattern) for pattern in self.about.get("large", LARGE))

    def entry(self, name):
        """A file as the tree lists it."""
        path = self.folder / name
        if not path.is_file():
            return {"type": "file", "oid": "0" * 40, "size": 0, "path": name}
        size, git, sha = self.hash_of(path)
        entry = {"type": "file", "oid": git, "size": size, "path": name}
        if self.is_large(name):
            entry["lfs"] = {"oid": sha, "size": size, "pointerSize": 130}
        return entry

    def listing(self, under, recursive):
        """Entries below a folder: all files and folders, or those directly in it."""
        prefix = under + "/" if under else ""
        names = [name for name in self.files() + self.about.get("listed", []) if name.startswith(prefix)]
        folders = {str(parent) for name in names for parent in Path(name).parents} - {".", under}
        entries = [self.entry(name) for name in names]
        entries += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": folder}
                    for folder in folders if folder.startswith(prefix)]
        if not recursive:
            entries = [entry for entry in entries if "/" not in entry["path"][len(prefix):]]
        return sorted(entries, key=lambda entry: entry["path"])


class Faults:
    """The faults that ROOT/faults.json asks for, counted from the moment the file changed."""

    def __init__(self, root):
        self.file, self.version, self.counts, self.lock = root / "faults.json", None, {}, threading.Lock()

    def take(self, server, method, path):
        with self.lock:
            try:
                status, wanted = self.file.stat(), json.loads(self.file.read_text())
            except (OSError, ValueError):
                return {}
            if self.version != (status.st_ino, status.st_mtime_ns):
                self.version, self.counts = (status.st_ino, status.st_mtime_ns), {}
            for fault in wanted:
                if fault.get("path", "") not in path or fault.get("server", server) != server:
                    continue
                if fault.get("method", method) != method:
                    continue
                key = json.dumps(fault, sort_keys=True)
                count = self.counts[key] = self.counts.get(key, 0) + 1
                if fault.get("skip", 0) < count <= fault.get("skip", 0) + fault.get("times", 1 << 30):
                    return fault
            return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        raw, _, query = self.path.partition("?")
        self.route, self.query = urllib.parse.unquote(raw), urllib.parse.parse_qs(query)
        self.server.note({"server": self.server.label, "method": self.command, "path": self.route,
                          "host": self.headers.get("Host"), "range": self.headers.get("Range"),
                          "authorization": self.headers.get("Authorization"),
                          "user_agent": self.headers.get("User-Agent")})
        self.fault = self.server.faults.take(self.server.label, self.command, self.route)
        try:
            if not self.faulty():
                self.store() if self.server.label == "store" else self.hub()
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def faulty(self):
        """Faults that replace the answer: drop, stall, status with headers and body, redirect. The others change it."""
        fault = self.fault
        if fault.get("drop"):
            self.close_connection = True
            return True
        if "stall" in fault:
            time.sleep(fault["stall"])
        if "redirect" in fault:
            self.reply(fault.get("status", 302), {"Location": fault["redirect"]}, b"")
            return True
        if "status" in fault:
            self.reply(fault["status"], {}, fault.get("body", "").encode())
            return True
        return False

    def reply(self, status, headers, body):
        """Sends an answer with the changes of the fault: headers (null removes one) and all that send_body knows."""
        headers = {"Content-Length": str(len(body)), **headers}
        for name, value in self.fault.get("headers", {}).items():
            headers = {known: old for known, old in headers.items() if known.lower() != name.lower()}
            if value is not None:
                headers[name] = value
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(body)

    def send_body(self, body):
        """Faults of the body: corrupt (a byte changes), cut (ends after N bytes), slow (N bytes per tenth of a second),
        hold (waits after `cut` bytes until the file ROOT/release appears, then goes on)."""
        fault = self.fault
        if fault.get("corrupt") and body:
            body = body[:len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1:]
        if fault.get("hold"):
            self.wfile.write(body[:fault.get("cut", 0)])
            self.wfile.flush()
            (self.server.root / "held").touch()
            while not (self.server.root / "release").exists():
                time.sleep(0.02)
            body = body[fault.get("cut", 0):]
        elif "cut" in fault:
            self.wfile.write(body[:fault["cut"]])
            self.close_connection = True
            return
        step = fault.get("slow", len(body)) or 1
        for begin in range(0, len(body), step):
            self.wfile.write(body[begin:begin + step])
            if "slow" in fault:
                self.wfile.flush()
                time.sleep(0.1)

    def json(self, value, headers=None):
        body = self.fault.get("json", None)
        body = json.dumps(value).encode() if body is None else body.encode()
        self.reply(200, {"Content-Type": "application/json", **(headers or {})}, body)

    def problem(self, status, code, message):
        self.reply(status, {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"},
                   json.dumps({"error": message}).encode())

    def file(self, path, headers):
        """A whole file or the range that was asked for."""
        size = path.stat().st_size
        begin, end, status = 0, size, 200
        wanted = self.headers.get("Range")
        if wanted and wanted.startswith("bytes=") and not self.fault.get("ignore_range"):
            first, _, last = wanted[6:].partition("-")
            begin, end, status = int(first), int(last) + 1 if last else size, 206
            if begin >= size:
                self.reply(416, {"Content-Range": f"bytes */{size}"}, b"")
                return
            headers = {**headers, "Content-Range": f"bytes {begin}-{end - 1}/{size}"}
        with open(path, "rb") as file:
            file.seek(begin)
            body = file.read(end - begin) if self.command != "HEAD" else b""
        self.reply(status, {**headers, "Content-Length": str(end - begin), "Accept-Ranges": "bytes"}, body)

    def store(self):
        """The second server: large files by their place, without a token."""
        path = (self.server.root / self.route.lstrip("/")).resolve()
        if self.server.root.resolve() not in path.parents or not path.is_file():
            self.reply(404, {}, b"")
            return
        self.file(path, {"ETag": '"%s"' % Repository.hash_of(path)[2]})

    def repository(self, kind, rest, separator):
        """The repository and what follows the separator; None if an error was sent."""
        name, found, tail = rest.partition(separator)
        revision, path = "main", ""
        if found:
            revision, _, path = tail.partition("/")
            if revision == "refs":  # refs/convert/parquet, refs/pr/1
                parts = tail.split("/", 3)
                revision, path = "/".join(parts[:3]), parts[3] if len(parts) > 3 else ""
        repository = Repository(self.server.root, kind, name, revision)
        if "renamed" in repository.about:
            self.reply(307, {"Location": self.path.replace(name, repository.about["renamed"], 1)}, b"")
            return None
        authorization, about = self.headers.get("Authorization"), repository.about
        if not repository.exists or (about.get("private") and authorization != "Bearer hf_good"):
            if authorization in (None, "Bearer hf_good", "Bearer hf_other"):
                self.problem(404 if authorization else 401, "RepoNotFound", "Repository not found")
            else:
                self.reply(401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b"")
            return None
        if about.get("gated") and authorization != "Bearer hf_good" and separator == "/resolve/":
            self.problem(403 if authorization else 401, "GatedRepo",
                         f"Access to model {name} is restricted. You must have access to it and be authenticated.")
            return None
        if repository.folder is None:
            self.problem(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repository, path

    def hub(self):
        parts = self.route.lstrip("/").split("/", 2)
        if parts[0] == "api":
            if len(parts) > 1 and parts[1] == "whoami-v2":
                self.json({"type": "user", "name": "tester", "auth": {"type": "access_token"}})
            elif len(parts) > 2 and parts[1] == "resolve-cache":
                self.resolve_cache(parts[2])
            elif len(parts) > 2 and parts[1] in KINDS:
                self.api(parts[1], parts[2])
            else:
                self.problem(404, "", "Not found")
            return
        kind = "datasets" if parts[0] == "datasets" else "models"
        rest = self.route.lstrip("/")[len(KINDS[kind]):]
        if "/resolve/" in rest:
            self.resolve(kind, rest)
        else:
            self.problem(404, "", "Not found")

    def api(self, kind, rest):
        for separator, reply in (("/tree/", self.tree), ("/paths-info/", self.paths_info), ("/revision/", self.info)):
            if separator in rest:
                found = self.repository(kind, rest, separator)
                if found:
                    reply(*found)
                return
        if rest.endswith("/refs"):
            found = self.repository(kind, rest[:-5], "/revision/")
            if found:
                branches = [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": commit}
                            for name, commit in found[0].commits.items() if not name.startswith("refs/")]
                converts = [{"name": name[13:], "ref": name, "targetCommit": commit}
                            for name, commit in found[0].commits.items() if name.startswith("refs/convert/")]
                self.json({"branches": branches, "converts": converts, "tags": []})
            return
        found = self.repository(kind, rest, "/revision/")
        if found:
            self.info(*found)

    def info(self, repository, _):
        siblings = [{"rfilename": name} for name in repository.files() + repository.about.get("listed", [])]
        self.json({"id": repository.name, "_id": "0" * 24, "sha": repository.commit, "siblings": siblings, "tags": [],
                   "private": bool(repository.about.get("private")), "disabled": False, "downloads": 0, "likes": 0,
                   "gated": "manual" if repository.about.get("gated") else False,
                   "lastModified": "2024-01-01T00:00:00.000Z", "createdAt": "2024-01-01T00:00:00.000Z"})

    def tree(self, repository, path):
        recursive = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        entries = repository.listing(path, recursive)
        if path and not entries:
            self.problem(404, "EntryNotFound", "No such folder")
            return
        begin = int(self.query.get("cursor", ["0"])[0])
        end = begin + repository.about.get("page", 1000)
        headers = {}
        if end < len(entries):
            query = urllib.parse.urlencode({**{name: value[0] for name, value in self.query.items()}, "cursor": end})
            headers["Link"] = f'<{self.server.address}{self.path.partition("?")[0]}?{query}>; rel="next"'
        self.json(entries[begin:end], headers)

    def paths_info(self, repository, _):
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(self.body)["paths"]
        else:
            wanted = urllib.parse.parse_qs(self.body.decode())["paths"]
        wanted = [wanted] if isinstance(wanted, str) else wanted
        everything = {entry["path"]: entry for entry in repository.listing("", True)}
        self.json([everything[path] for path in wanted if path in everything])

    def resolve(self, kind, rest):
        found = self.repository(kind, rest, "/resolve/")
        if not found:
            return
        repository, path = found
        file = repository.folder / path
        if ".." in Path(path).parts or not file.is_file():
            self.fault = self.fault if "headers" in self.fault else {}
            self.reply(404, {"X-Repo-Commit": repository.commit, "X-Error-Code": "EntryNotFound",
                             "X-Error-Message": "Entry not found"}, b"Entry not found")
            return
        size, git, sha = Repository.hash_of(file)
        headers = {"X-Repo-Commit": repository.commit}
        if repository.is_large(path):
            place = urllib.parse.quote(str(file.relative_to(self.server.root)))
            headers.update({"X-Linked-Etag": f'"{sha}"', "X-Linked-Size": str(size), "ETag": f'"{"0" * 40}"',
                            "Location": f"{self.server.store_address}/{place}?signature=abc"})
            self.reply(302, headers, b"Found")
        else:
            place = f"/api/resolve-cache/{kind}/{repository.name}/{repository.commit}/{urllib.parse.quote(path)}"
            headers.update({"X-Linked-Etag": f'"{git}"', "X-Linked-Size": str(size), "Location": place})
            self.reply(307, headers, b"Temporary Redirect")

    def resolve_cache(self, rest):
        kind, _, rest = rest.partition("/")
        for length in (2, 1):
            parts = rest.split("/")
            if len(parts) > length + 1:
                name, commit, path = "/".join(parts[:length]), parts[length], "/".join(parts[length + 1:])
                repository = Repository(self.server.root, kind, name, commit)
                if repository.folder and (repository.folder / path).is_file():
                    file = repository.folder / path
                    self.file(file, {"ETag": f'"{Repository.hash_of(file)[1]}"', "X-Repo-Commit": commit})
                    return
        self.problem(404, "EntryNotFound", "Entry not found")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, label, root, faults, host, tls):
        super().__init__(("127.0.0.1", 0), Handler)
        self.label, self.root, self.faults, self.tls = label, root, faults, tls
        self.address = f"{'https' if tls else 'http'}://{host}:{self.server_address[1]}"
        self.store_address = None
        self.note_lock = threading.Lock()

    def finish_request(self, request, client_address):
        if self.tls:  # the handshake belongs to the connection's thread
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                return
        super().finish_request(request, client_address)

    def note(self, request):
        with self.note_lock, open(self.root / "requests.jsonl", "a") as log:
            log.write(json.dumps(request) + "\n")

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ssl.SSLError, OSError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    tls = None
    if arguments.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.certificate, arguments.key)
    arguments.root.mkdir(parents=True, exist_ok=True)
    faults = Faults(arguments.root)
    store = Server("store", arguments.root, faults, "localhost", tls)  # another host than the hub's, as on the real one
    hub = Server("hub", arguments.root, faults, "127.0.0.1", tls)
    hub.store_address = store.address
    threading.Thread(target=store.serve_forever, daemon=True).start()
    ready = arguments.root / "ready.new"
    ready.write_text(json.dumps({"hub": hub.address, "store": store.address, "pid": os.getpid()}))
    ready.rename(arguments.root / "ready")
    try:
        hub.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
