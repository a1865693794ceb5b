"""The full-screen trace browser (`mathagent browse`), made with Textual.

    collection ─→ sieve.py (a thread) ─→ tracelist.py     which traces, in which order, a line each
                                             │ the chosen one
                  page.py ←─ blocks.py ←─ tracepane.py     its steps as blocks, drawn in a thread, laid out as lines
                     └─→ traceview.py                      the lines that are on the screen; search.py finds in them

`app.py` has the screen and what the keys do, `keys.py` which keys there are.
"""
