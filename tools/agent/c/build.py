"""Builds the C interface into a folder: `python -m tools.agent.c.build FOLDER`.

What is in the folder afterwards works wherever it is copied to, on machines with the same Python's shared library:
`libagent.so`, `agent.h`, and `python/`, the modules that the library needs beside Python's standard library.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

import _cffi_backend
from cffi import FFI

HERE = Path(__file__).parent
MODULE = "_flowctl_agent"
PACKAGE = "flowctl_agent"

_DECLARATIONS = """
typedef char *PSTRZ;
typedef void (*AGENTEVENTPROC)(int, int, PSTRZ, PSTRZ, PSTRZ, PSTRZ, PSTRZ, PSTRZ, PSTRZ, PSTRZ, PSTRZ);
char *strdup(const char *);
static const char *agent_folder(void);
extern "Python" {
    void agent_declare_callback(AGENTEVENTPROC, bool);
    void agent_declare_variables_file(PSTRZ);
    uint32_t agent_open_session(PSTRZ, PSTRZ, PSTRZ, PSTRZ, int);
    uint32_t agent_close_session(void);
    uint32_t agent_accept_call(PSTRZ);
    uint32_t agent_reject_call(PSTRZ);
    uint32_t agent_unavailable(void);
    uint32_t agent_available(void);
    uint32_t agent_call(PSTRZ, bool);
}
"""
_START = f"""
from {MODULE} import ffi, lib
from {PACKAGE}.c.bind import bind
bind(ffi, lib)
"""


def build(folder: Path) -> Path:
    """The library. Raises cffi.VerificationError when it cannot be compiled."""
    folder.mkdir(parents=True, exist_ok=True)
    modules = folder / "python"
    shutil.rmtree(modules, ignore_errors=True)
    shutil.copytree(HERE.parent, modules / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(str(_cffi_backend.__file__), modules)
    shutil.copy(HERE / "agent.h", folder)
    # A program that runs keeps the library that it has: the new one takes its place, it is not written over it.
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        return Path(_library().compile(tmpdir=temporary, target="libagent.so")).replace(folder / "libagent.so")


def _library() -> FFI:
    python = sysconfig.get_config_var("LIBDIR")
    library = FFI()
    library.embedding_api("")
    library.cdef(_DECLARATIONS)
    library.embedding_init_code(_START)
    library.set_source(
        MODULE,
        (HERE / "exports.c").read_text(),
        include_dirs=[str(HERE)],
        library_dirs=[python],
        # Nothing of us is exported but what is marked so.
        extra_compile_args=["-fvisibility=hidden"],
        # Python cannot be unloaded, and its threads must not find that we are.
        extra_link_args=[f"-Wl,-rpath,{python}", "-Wl,-z,nodelete"],
    )
    return library


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m tools.agent.c.build FOLDER")
    sys.stdout.write(f"{build(Path(sys.argv[1]))}\n")
