"""``make bench``. What is measured is a plain install: pandas, which only libraries of the tests bring, is not there.

pyarrow imports it wherever it is installed, which takes 25 MB that no user of the product pays. Tests that import parts
of this package keep their libraries, and so does the evaluation, which times nothing and draws plots.
"""

import sys

import pipeline

_MEASURES = any(word.startswith("bench.") and word != "bench.evaluate" for word in sys.orig_argv)
if _MEASURES and pipeline._NotInstalled not in sys.meta_path:
    pipeline._LOOKED_FOR = ("pandas", "dateutil")
    sys.meta_path.insert(0, pipeline._NotInstalled)  # type: ignore[arg-type]
