"""The database: records in, processed/workshops.duckdb out, and the questions asked of it.

`builder.build` writes it, `query.run_query` asks it, `tables.responses_table` exports from it,
`dictionary.data_dictionary` explains it, `digest.dump_digest` proves that two are the same. Tables
are named in the singular (`note`), the views people use in the plural (`responses`). This package
imports DuckDB only in those modules, so that naming the package costs a command nothing.
"""
