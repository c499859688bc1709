"""`python -m streams.schemas FOLDER` writes the schemas and the AsyncAPI document there."""

import sys
from pathlib import Path

from streams.schemas.files import write

if __name__ == "__main__":
    write(Path(sys.argv[1]))
