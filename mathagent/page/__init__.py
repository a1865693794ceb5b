"""Traces in a web browser: one page, served on a local address or written as a file that opens offline.

The page is plain HTML, CSS and ES modules (`html/`, `css/`, `js/`) that `document` puts together; nothing is built or
fetched. `data` is what it shows. `serve` and `export` hand the same page the same data in two ways.
"""
