"""``make bench``. What is measured is a plain install: pandas, which only libraries of the tests bring, is not there.

pyarrow imports it wherever it is installed, which takes 25 MB that no user of the product pays.
"""

import sys

import pipeline

pipeline._LOOKED_FOR = ("pandas", "dateutil")
if pipeline._NotInstalled not in sys.meta_path:
    sys.meta_path.insert(0, pipeline._NotInstalled)  # type: ignore[arg-type]
