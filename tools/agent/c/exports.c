/* The nine functions: each has Python started, then calls what bind.py has put behind the name `agent_…`. */

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define EXPORT __attribute__((visibility("default")))

/* cffi defines them further down; in Python they are bind.py's. */
static int cffi_start_python(void);
static void agent_declare_callback(AGENTEVENTPROC, bool);
static void agent_declare_variables_file(PSTRZ);
static DWORD agent_open_session(PSTRZ, PSTRZ, PSTRZ, PSTRZ, int);
static DWORD agent_close_session(void);
static DWORD agent_accept_call(PSTRZ);
static DWORD agent_reject_call(PSTRZ);
static DWORD agent_unavailable(void);
static DWORD agent_available(void);
static DWORD agent_call(PSTRZ, bool);

static char folder[4096];
static bool started;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Where this library is: beside it are its Python modules, its trace, and files named without a folder. */
static bool find_folder(void)
{
    Dl_info info;
    char *path, *slash;

    if (!dladdr(folder, &info) || !info.dli_fname || !(path = realpath(info.dli_fname, NULL)))
        return false;
    slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) < sizeof folder)
        memcpy(folder, path, (size_t)(slash - path));
    free(path);
    return folder[0] != 0;
}

/* Python that listens to neither the environment nor the user's own packages, and leaves signals to the application. */
static bool start_interpreter(void)
{
    PyConfig config;
    PyStatus status;

    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.write_bytecode = 0;
    status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        fprintf(stderr, "agent: Python does not start: %s\n", status.err_msg ? status.err_msg : "");
        return false;
    }
    PyEval_SaveThread();
    return true;
}

/* Our modules before all others. */
static bool add_modules(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *path = PySys_GetObject("path");
    PyObject *modules = PyUnicode_FromFormat("%s/python", folder);
    bool added = path && modules && PyList_Insert(path, 0, modules) == 0;

    Py_XDECREF(modules);
    PyErr_Clear();
    PyGILState_Release(state);
    return added;
}

static void start(void)
{
    /* A program in Python that has loaded this library has its interpreter already. */
    started = find_folder() && (Py_IsInitialized() || start_interpreter()) && add_modules()
        && cffi_start_python() == 0;
}

static bool ready(void)
{
    pthread_once(&once, start);
    return started;
}

static const char *agent_folder(void)
{
    return folder;
}

EXPORT void AgentDeclareCallback(AGENTEVENTPROC pCallbackFnc, bool bDebug)
{
    if (ready())
        agent_declare_callback(pCallbackFnc, bDebug);
}

EXPORT void AgentDeclareVariablesFile(PSTRZ pszVariablesFile)
{
    if (ready())
        agent_declare_variables_file(pszVariablesFile);
}

EXPORT DWORD AgentOpenSession(PSTRZ pszUserid, PSTRZ pszPassword, PSTRZ pszExtension, PSTRZ pszServer, int nPort)
{
    return ready() ? agent_open_session(pszUserid, pszPassword, pszExtension, pszServer, nPort) : 0;
}

EXPORT DWORD AgentCloseSession(void)
{
    return ready() ? agent_close_session() : 0;
}

EXPORT DWORD AgentAcceptCall(PSTRZ pszChannel)
{
    return ready() ? agent_accept_call(pszChannel) : 0;
}

EXPORT DWORD AgentRejectCall(PSTRZ pszChannel)
{
    return ready() ? agent_reject_call(pszChannel) : 0;
}

EXPORT DWORD AgentUnavailable(void)
{
    return ready() ? agent_unavailable() : 0;
}

EXPORT DWORD AgentAvailable(void)
{
    return ready() ? agent_available() : 0;
}

EXPORT DWORD AgentCall(PSTRZ pszNumber, bool bRecord)
{
    return ready() ? agent_call(pszNumber, bRecord) : 0;
}
