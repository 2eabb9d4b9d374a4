/* The hot part of a media worker's 20 ms loop. Optional: `by_hand.py` is the same in Python, and says what the fields
   are. Here is only what happens to nearly every packet; anything else is left to Python: the first frame after a
   pause, the end of a clip, recordings, keys, a source that is not the one known. Called in one thread. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADER = 12, FRAME = 160, LARGEST = 2048, BATCH = 64, MARKER = 0x80, VERSION = 0x80 };
enum { HANDS = 0, SEND = 1, REST = 2 };

typedef struct {
    PyObject_HEAD
    PyObject *clip;
    Py_ssize_t position;
} Piece;

typedef struct {
    PyObject_HEAD
    int fd;
    struct sockaddr_in to;
    unsigned char mode, payload_type;
    unsigned short sequence;
    unsigned int ssrc, origin, newest;
    long long audio_tick;
    unsigned long long packets, octets;
    PyObject *silence, *playback;
} Source;

typedef struct {
    PyObject_HEAD
    long long highest, received;
    double jitter, transit;
} Count;

typedef struct {
    PyObject_HEAD
    int fd;
    char ready;
    struct in_addr host;
    in_port_t port;
    unsigned char payload_type, payload_out;
    unsigned int ssrc, timestamp;
    unsigned short sequence;
    double heard;
    PyObject *out, *count, *table, *left;
} Path;

static PyTypeObject *PieceType, *SourceType, *CountType, *PathType;

static void put16(unsigned char *at, uint16_t value) { at[0] = value >> 8; at[1] = value; }
static void put32(unsigned char *at, uint32_t value) { put16(at, value >> 16); put16(at + 2, value); }
static uint16_t get16(const unsigned char *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t get32(const unsigned char *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }

static void send_packet(Source *to, unsigned char *packet, size_t size)
{
    put32(packet + 8, to->ssrc);
    to->packets++;
    to->octets += size - HEADER;
    /* What cannot be sent is to RTP a lost packet like any other. */
    (void)sendto(to->fd, packet, size, 0, (struct sockaddr *)&to->to, sizeof to->to);
}

/* The 160 octets that are due, NULL when that is for Python to say. */
static const char *next_frame(Source *source)
{
    if (source->playback == NULL || source->playback == Py_None)
        return source->silence && PyBytes_Check(source->silence) && PyBytes_Size(source->silence) == FRAME
            ? PyBytes_AsString(source->silence) : NULL;
    if (!PyObject_TypeCheck(source->playback, PieceType))
        return NULL;
    Piece *piece = (Piece *)source->playback;
    if (piece->clip == NULL || !PyBytes_Check(piece->clip) || piece->position < 0
        || piece->position + FRAME >= PyBytes_Size(piece->clip))
        return NULL;
    const char *frame = PyBytes_AsString(piece->clip) + piece->position;
    piece->position += FRAME;
    return frame;
}

static int send_frame(Source *source, long long number)
{
    unsigned char packet[HEADER + FRAME];
    if (source->audio_tick != number - 1)
        return 0;
    const char *frame = next_frame(source);
    if (frame == NULL)
        return 0;
    source->audio_tick = number;
    source->newest = source->origin + FRAME * (uint32_t)number;
    packet[0] = VERSION;
    packet[1] = source->payload_type;
    put16(packet + 2, ++source->sequence);
    put32(packet + 4, source->newest);
    memcpy(packet + HEADER, frame, FRAME);
    send_packet(source, packet, sizeof packet);
    return 1;
}

static PyObject *kernel_tick(PyObject *module, PyObject *args)
{
    PyObject *sources;
    long long number;
    if (!PyArg_ParseTuple(args, "O!L", &PyList_Type, &sources, &number))
        return NULL;
    PyObject *left = PyList_New(0);
    if (left == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_Size(sources); i++) {
        PyObject *item = PyList_GetItem(sources, i);
        if (PyObject_TypeCheck(item, SourceType)) {
            Source *source = (Source *)item;
            if (source->mode == REST || (source->mode == SEND && send_frame(source, number)))
                continue;
        }
        PyObject *index = PyLong_FromSsize_t(i);
        if (index == NULL || PyList_Append(left, index) < 0) {
            Py_XDECREF(index);
            Py_DECREF(left);
            return NULL;
        }
        Py_DECREF(index);
    }
    return left;
}

/* RFC 3550 appendix A.8, as `Reception.heard`. */
static void count_packet(Count *count, uint16_t sequence, uint32_t timestamp, double now)
{
    count->received++;
    int16_t step = (int16_t)(sequence - (uint16_t)count->highest);
    if (step > 0)
        count->highest += step;
    double transit = now * 8000 - timestamp;
    double change = transit - count->transit;
    count->transit = transit;
    if (change < 0)
        change = -change;
    if (change < 8000)
        count->jitter += (change - count->jitter) / 16;
}

static void forward(Path *path, unsigned char *packet, size_t size, double now)
{
    Source *out = (Source *)path->out;
    uint16_t sequence = get16(packet + 2) + path->sequence;
    uint32_t timestamp = get32(packet + 4) + path->timestamp;
    path->heard = now;
    count_packet((Count *)path->count, get16(packet + 2), get32(packet + 4), now);
    if ((int16_t)(sequence - out->sequence) > 0)
        out->sequence = sequence;
    if ((int32_t)(timestamp - out->newest) > 0)
        out->newest = timestamp;
    packet[1] = (packet[1] & MARKER) | path->payload_out;
    put16(packet + 2, sequence);
    put32(packet + 4, timestamp);
    if (path->table != NULL && path->table != Py_None) {
        const unsigned char *table = (const unsigned char *)PyBytes_AsString(path->table);
        for (size_t i = HEADER; i < size; i++)
            packet[i] = table[packet[i]];
    }
    send_packet(out, packet, size);
}

/* Take one packet: 1 when that was all, 0 when Python has to look at it, -1 for an exception. */
static int take(Path *path, double now)
{
    unsigned char packet[LARGEST];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(path->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
    if (size < 0)
        return 1;
    if (size >= HEADER && packet[0] == VERSION && (packet[1] & ~MARKER) == path->payload_type
        && from.sin_port == path->port && from.sin_addr.s_addr == path->host.s_addr && get32(packet + 8) == path->ssrc) {
        forward(path, packet, (size_t)size, now);
        return 1;
    }
    char host[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &from.sin_addr, host, sizeof host);
    PyObject *left = Py_BuildValue("(y#(si))", packet, (Py_ssize_t)size, host, (int)ntohs(from.sin_port));
    if (left == NULL)
        return -1;
    PyObject *before = path->left;
    path->left = left;
    Py_XDECREF(before);
    return 0;
}

static int usable(PyObject *item)
{
    if (item == NULL || !PyObject_TypeCheck(item, PathType))
        return 0;
    Path *path = (Path *)item;
    return path->ready && path->out && PyObject_TypeCheck(path->out, SourceType)
        && path->count && PyObject_TypeCheck(path->count, CountType)
        && (path->table == NULL || path->table == Py_None
            || (PyBytes_Check(path->table) && PyBytes_Size(path->table) == 256));
}

static double monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Let the packets gather, or (0) wait for the first one. */
static void let_pass(int epoll, double seconds, double gather)
{
    int watched = gather <= 0;
    if (!watched && gather < seconds)
        seconds = gather;
    struct pollfd wanted = {epoll, POLLIN, 0};
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    Py_BEGIN_ALLOW_THREADS
    ppoll(&wanted, watched ? 1 : 0, &time, NULL);
    Py_END_ALLOW_THREADS
}

/* Serve one descriptor that has something to read: 1 when done, 0 when put into `left`, -1 for an exception. */
static int serve_one(int descriptor, PyObject *paths, double now, PyObject *left)
{
    PyObject *key = PyLong_FromLong(descriptor);
    PyObject *item = key ? PyDict_GetItem(paths, key) : NULL;
    int done = key == NULL ? -1 : usable(item) ? take((Path *)item, now) : 0;
    if (done == 0 && PyList_Append(left, key) < 0)
        done = -1;
    Py_XDECREF(key);
    return done;
}

static PyObject *kernel_serve(PyObject *module, PyObject *args)
{
    PyObject *epoll, *paths;
    double until, gather;
    struct epoll_event events[BATCH];
    if (!PyArg_ParseTuple(args, "OO!dd", &epoll, &PyDict_Type, &paths, &until, &gather))
        return NULL;
    int descriptor = PyObject_AsFileDescriptor(epoll);
    PyObject *left = descriptor < 0 ? NULL : PyList_New(0);
    while (left != NULL && PyList_Size(left) == 0) {
        int count = epoll_wait(descriptor, events, BATCH, 0);
        double now = monotonic();
        for (int i = 0; i < count; i++)
            if (serve_one(events[i].data.fd, paths, now, left) < 0) {
                Py_DECREF(left);
                return NULL;
            }
        if (now >= until)
            break;
        if (count <= 0)
            let_pass(descriptor, until - now, gather);
    }
    return left;
}

static PyObject *address_error(void)
{
    PyErr_SetString(PyExc_ValueError, "not an IPv4 address");
    return NULL;
}

static PyObject *source_aim(PyObject *self, PyObject *args)
{
    const char *host;
    int port;
    Source *source = (Source *)self;
    if (!PyArg_ParseTuple(args, "si", &host, &port))
        return NULL;
    source->to.sin_family = AF_INET;
    source->to.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &source->to.sin_addr) == 1 ? Py_NewRef(Py_None) : address_error();
}

static PyObject *path_expect(PyObject *self, PyObject *args)
{
    const char *host;
    int port;
    Path *path = (Path *)self;
    if (!PyArg_ParseTuple(args, "si", &host, &port))
        return NULL;
    path->port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &path->host) == 1 ? Py_NewRef(Py_None) : address_error();
}

static void release(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static void piece_free(PyObject *self)
{
    Py_CLEAR(((Piece *)self)->clip);
    release(self);
}

static void source_free(PyObject *self)
{
    Py_CLEAR(((Source *)self)->silence);
    Py_CLEAR(((Source *)self)->playback);
    release(self);
}

static void path_free(PyObject *self)
{
    Path *path = (Path *)self;
    Py_CLEAR(path->out);
    Py_CLEAR(path->count);
    Py_CLEAR(path->table);
    Py_CLEAR(path->left);
    release(self);
}

#define FIELD(type, name, kind) {#name, kind, offsetof(type, name), 0, NULL}

static PyMemberDef piece_fields[] = {
    FIELD(Piece, clip, T_OBJECT), FIELD(Piece, position, T_PYSSIZET), {NULL},
};
static PyMemberDef source_fields[] = {
    FIELD(Source, fd, T_INT), FIELD(Source, mode, T_UBYTE), FIELD(Source, payload_type, T_UBYTE),
    FIELD(Source, sequence, T_USHORT), FIELD(Source, ssrc, T_UINT), FIELD(Source, origin, T_UINT),
    FIELD(Source, newest, T_UINT), FIELD(Source, audio_tick, T_LONGLONG), FIELD(Source, packets, T_ULONGLONG),
    FIELD(Source, octets, T_ULONGLONG), FIELD(Source, silence, T_OBJECT), FIELD(Source, playback, T_OBJECT), {NULL},
};
static PyMemberDef count_fields[] = {
    FIELD(Count, highest, T_LONGLONG), FIELD(Count, received, T_LONGLONG), FIELD(Count, jitter, T_DOUBLE),
    FIELD(Count, transit, T_DOUBLE), {NULL},
};
static PyMemberDef path_fields[] = {
    FIELD(Path, fd, T_INT), FIELD(Path, ready, T_BOOL), FIELD(Path, payload_type, T_UBYTE),
    FIELD(Path, payload_out, T_UBYTE), FIELD(Path, ssrc, T_UINT), FIELD(Path, timestamp, T_UINT),
    FIELD(Path, sequence, T_USHORT), FIELD(Path, heard, T_DOUBLE), FIELD(Path, out, T_OBJECT),
    FIELD(Path, count, T_OBJECT), FIELD(Path, table, T_OBJECT), FIELD(Path, left, T_OBJECT), {NULL},
};
static PyMethodDef source_methods[] = {{"aim", source_aim, METH_VARARGS, NULL}, {NULL}};
static PyMethodDef path_methods[] = {{"expect", path_expect, METH_VARARGS, NULL}, {NULL}};

static PyType_Slot piece_slots[] = {
    {Py_tp_new, PyType_GenericNew}, {Py_tp_members, piece_fields}, {Py_tp_dealloc, piece_free}, {0, NULL},
};
static PyType_Slot source_slots[] = {
    {Py_tp_new, PyType_GenericNew}, {Py_tp_members, source_fields}, {Py_tp_methods, source_methods},
    {Py_tp_dealloc, source_free}, {0, NULL},
};
static PyType_Slot count_slots[] = {
    {Py_tp_new, PyType_GenericNew}, {Py_tp_members, count_fields}, {Py_tp_dealloc, release}, {0, NULL},
};
static PyType_Slot path_slots[] = {
    {Py_tp_new, PyType_GenericNew}, {Py_tp_members, path_fields}, {Py_tp_methods, path_methods},
    {Py_tp_dealloc, path_free}, {0, NULL},
};

static PyMethodDef functions[] = {
    {"tick", kernel_tick, METH_VARARGS, NULL}, {"serve", kernel_serve, METH_VARARGS, NULL}, {NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel", NULL, -1, functions};

static PyTypeObject *add_type(PyObject *module, const char *name, int size, PyType_Slot *slots)
{
    PyType_Spec spec = {name, size, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *type = PyType_FromSpec(&spec);
    return type != NULL && PyModule_AddType(module, (PyTypeObject *)type) == 0 ? (PyTypeObject *)type : NULL;
}

PyMODINIT_FUNC PyInit__kernel(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    PieceType = add_type(module, "drivers.sip.media._kernel.Piece", sizeof(Piece), piece_slots);
    SourceType = add_type(module, "drivers.sip.media._kernel.Source", sizeof(Source), source_slots);
    CountType = add_type(module, "drivers.sip.media._kernel.Count", sizeof(Count), count_slots);
    PathType = add_type(module, "drivers.sip.media._kernel.Path", sizeof(Path), path_slots);
    if (PieceType && SourceType && CountType && PathType)
        return module;
    Py_DECREF(module);
    return NULL;
}
