"""Data views as Kibana's documentation has them: list, make, change, remove, and which one Kibana opens with.

elastic.co/docs/api/doc/kibana/group/endpoint-data-views. They lie in a file of the data directory, where Kibana has
them in Elasticsearch, so that a restart takes none away.
"""

import json
import os
import threading
import uuid

FIELDS = ("id", "name", "title", "timeFieldName", "allowNoIndex")


class Views:
    def __init__(self, file):
        self.file, self.lock = file, threading.Lock()

    def answer(self, method, path, body):
        """A status and a body, or a message where something is wrong."""
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            return 400, "Invalid JSON in the request's body"
        with self.lock:
            kept = self.read()
            status, answer, changed = self.change(kept, method, path.strip("/").split("/"), given)
            if changed:
                self.write(kept)
        return status, answer

    def change(self, kept, method, path, given):
        views = kept["views"]
        match (method, path):
            case ("GET", [""]):
                return 200, {"data_view": [views[id] for id in sorted(views)]}, False
            case ("POST", ["data_view"]):
                return self.make(kept, given)
            case ("POST", ["default"]):
                if kept["default"] is None or given.get("force"):
                    kept["default"] = given.get("data_view_id")
                return 200, {"acknowledged": True}, True
            case ("GET" | "POST" | "DELETE", ["data_view", id]) if id not in views:
                return 404, f"Saved object [index-pattern/{id}] not found", False
            case ("GET", ["data_view", id]):
                return 200, {"data_view": views[id]}, False
            case ("POST", ["data_view", id]):
                wanted = given.get("data_view", {})
                views[id] |= {field: wanted[field] for field in FIELDS[1:] if field in wanted}
                return 200, {"data_view": views[id]}, True
            case ("DELETE", ["data_view", id]):
                del views[id]
                return 200, {}, True
        return 404, "Not Found", False

    def make(self, kept, given):
        wanted, views = given.get("data_view", {}), kept["views"]
        if not isinstance(wanted.get("title"), str):
            return 400, "[request body.data_view.title]: expected value of type [string] but got [undefined]", False
        view = {field: wanted[field] for field in FIELDS if field in wanted}
        view.setdefault("id", str(uuid.uuid4()))
        view.setdefault("name", "")
        name = view["name"] or view["title"]
        twins = [id for id, other in views.items() if (other["name"] or other["title"]) == name]
        if twins and not given.get("override"):
            return 400, f"Duplicate data view: {name}", False
        if view["id"] in views and not given.get("override"):
            return 409, f"Saved object [index-pattern/{view['id']}] conflict", False
        for id in twins:
            del views[id]
        views[view["id"]] = view
        return 200, {"data_view": view}, True

    def read(self):
        try:
            return json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"views": {}, "default": None}

    def write(self, kept):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        os.replace(fresh, self.file)
