"""What goes wrong in the store, beside the failures that pipeline/errors.py already names."""

from __future__ import annotations

from pipeline.errors import StorageError


class StoreError(StorageError):
    """The database could not be built; `safe` says what is kept, `remedy` what to do next."""
