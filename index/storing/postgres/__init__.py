"""The rows of a library on a PostgreSQL server, as `index.storing.database.Rows` asks for them.
Derives nothing and finds nothing: see `index.storing.candidates`."""
