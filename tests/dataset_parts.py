"""A dataset in a folder, cut out of a table: what is read of it, without the writer that makes it."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from gtzanfeat.export import read_metadata, write_table


def write_dataset(folder, extraction, clips, cuts, n_inputs=None, level="clips"):
    """Write clips, which are the inputs, as parts that end before each of `cuts`, with a ledger."""
    (folder / "features").mkdir(parents=True)
    (folder / "ledger").mkdir()
    whole = write_table(extraction, clips, folder.with_suffix(".parquet"))
    metadata = read_metadata(whole)
    words = {
        "format_version": 1,
        "level": level,
        "n_inputs": n_inputs or len(clips),
        "n_shards": 1,
        **metadata,
    }
    (folder / "dataset.json").write_text(json.dumps(words | {"failures": []}))
    table = pq.read_table(whole)
    rows = np.cumsum(extraction.ok) - extraction.ok  # of the table, by input
    reasons = {failure.index: failure.reason for failure in extraction.failures}
    for first, end in zip([0, *cuts], [*cuts, len(clips)], strict=True):
        name = f"part-{first:09d}-{end - 1:09d}.parquet"
        start, n = int(rows[first]), int(extraction.ok[first:end].sum())
        pq.write_table(table.slice(start, n), folder / "features" / name)
        ledger = pd.DataFrame({"index": range(first, end), "path": clips.paths[first:end]})
        ledger["status"] = ["ok" if ok else "undecodable" for ok in extraction.ok[first:end]]
        ledger["message"] = [reasons.get(i) for i in range(first, end)]
        ledger.to_parquet(folder / "ledger" / name, index=False)
    whole.unlink()
    return folder
