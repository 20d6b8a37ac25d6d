"""The pipeline: door, record, workshop, cellar (see ARCHITECTURE.md)."""

import sys
from importlib.util import find_spec

_LOOKED_FOR = tuple(name for name in ("pandas", "dateutil") if find_spec(name) is None)


class _NotInstalled:
    """Answers at once that a package is not there.

    pyarrow looks for pandas and dateutil whenever it makes an array of Python values, and where they are not
    installed each look goes through every folder of the path: an eighth of the time in which 1,000 sets are
    answered.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Part of the import system; raises for what pyarrow looks for in vain."""
        if name in _LOOKED_FOR:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if _LOOKED_FOR:
    sys.meta_path.insert(0, _NotInstalled)
