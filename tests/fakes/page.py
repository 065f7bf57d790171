"""A page as a browser sees it, whatever the documents on it would like to be."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags, attributes and texts that a browser would see; a row that alarms begins with `alarm`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.rows: list[str] = []
        self.marked: dict[str, list[str]] = {"mark": [], "del": [], "ins": [], "strong": []}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)
        if tag == "tr":
            self.rows.append("alarm " if ("class", "alarming") in attrs else "")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "tr" in self.open:
            self.rows[-1] += data.strip() + " "
        if self.open and self.open[-1] in self.marked:
            self.marked[self.open[-1]].append(data)
