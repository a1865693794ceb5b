"""Where recorded runs come from: a file for each kind of record, read into `tests.playback.records.Record`."""
