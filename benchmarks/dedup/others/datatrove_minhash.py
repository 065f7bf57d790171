"""The four local stages of datatrove with 40 buckets of 3 hashes over character 3-grams.

Its tokenizers of languages would not do: "zho" takes a whole text for one word, and "zh" is not known to it.
"""

import struct
import sys
from pathlib import Path

import numpy as np
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

BUCKETS = 40


class Characters:
    """A word tokenizer whose words are characters."""

    def word_tokenize(self, text: str) -> list[str]:
        """The characters of a text."""
        return list(text)


def main() -> None:
    """Run the stages one after the other; write the pairs of one cluster, and the rows that go."""
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    made = output.with_suffix("")
    config = MinhashConfig(n_grams=3, num_buckets=BUCKETS, hashes_per_bucket=3)
    signatures = MinhashDedupSignature(str(made / "signatures"), config=config, language="zho")
    signatures.word_tokenizer = Characters()
    reader = JsonlReader(str(folder / "input"))
    stages = (
        (1, [reader, signatures]),
        (BUCKETS, [MinhashDedupBuckets(str(made / "signatures"), str(made / "buckets"), config=config)]),
        (
            1,
            [
                MinhashDedupCluster(
                    str(made / "buckets"), str(made / "rows"), config=config, save_cluster_id=True
                )
            ],
        ),
        (1, [reader, MinhashDedupFilter(str(made / "rows")), JsonlWriter(str(made / "kept"))]),
    )
    for number, (tasks, pipeline) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(made / f"log{number}")).run()
    removed = [row for (row,) in struct.iter_unpack("<I", (made / "rows" / "000000.remove").read_bytes())]
    clusters: dict[int, list[int]] = {}
    for row, cluster in struct.iter_unpack("<II", (made / "rows" / "000000.clusters").read_bytes()):
        clusters.setdefault(cluster, []).append(row)
    pairs = [(x, y) for rows in clusters.values() for x in rows for y in rows if x > y]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    np.savez(output, first=found[:, 0], second=found[:, 1], removed=np.array(removed, np.int64))


if __name__ == "__main__":
    main()
