"""Runners of Rally for a track that `mesh export rally` wrote: an index in every cluster, made, filled and removed."""

import os

# Documents of one bulk request.
BATCH = 2000
# What marks an index as made for a benchmark; `mesh bench` removes one that a race left, and no other.
MARK = "mesh.bench"


class Runner:
    """Is given the clients of all clusters, by the names in target-hosts.json."""

    multi_cluster = True

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        return False


async def mapping_of(client, index):
    exists = await client.indices.exists(index=index)
    return await client.indices.get_mapping(index=index) if exists else None


class Remove(Runner):
    async def __call__(self, es, params):
        index = params["index"]
        for name in params["corpora"]:
            mapping = await mapping_of(es[name], index)
            if mapping is None:
                continue
            if MARK not in mapping.get(index, {}).get("mappings", {}).get("_meta", {}):
                raise RuntimeError(f"{name} has an index {index} that was not made for a benchmark")
            await es[name].indices.delete(index=index)
        return len(params["corpora"]), "ops"

    def __repr__(self):
        return "mesh-remove"


class Prepare(Runner):
    async def __call__(self, es, params):
        for name in params["corpora"]:
            await es[name].indices.create(
                index=params["index"], settings=params["body"]["settings"], mappings=params["body"]["mappings"]
            )
        return len(params["corpora"]), "ops"

    def __repr__(self):
        return "mesh-prepare"


class Load(Runner):
    async def __call__(self, es, params):
        index, loaded = params["index"], 0
        for name, corpus in params["corpora"].items():
            with open(os.path.join(os.path.dirname(__file__), corpus), encoding="utf-8") as documents:
                lines = [line.strip() for line in documents]
            for start in range(0, len(lines), BATCH):
                batch = lines[start : start + BATCH]
                body = "".join(f'{{"index":{{}}}}\n{line}\n' for line in batch)
                answer = await es[name].bulk(index=index, operations=body)
                if answer["errors"]:
                    raise RuntimeError(f"{name} refused documents: {answer['items'][0]}")
                loaded += len(batch)
            await es[name].indices.forcemerge(index=index, max_num_segments=1)
            await es[name].indices.refresh(index=index)
        return loaded, "docs"

    def __repr__(self):
        return "mesh-load"


def register(registry):
    registry.register_runner("mesh-remove", Remove(), async_runner=True)
    registry.register_runner("mesh-prepare", Prepare(), async_runner=True)
    registry.register_runner("mesh-load", Load(), async_runner=True)
