/* The frames between supervisor and worker: a tl_val in a compact binary form.
 *
 * A frame is a 4-byte little-endian length and that many bytes holding one value:
 *   tag byte (tl_type), then: BOOL 1 byte; INT 8 bytes LE; NUM 8 bytes LE (IEEE 754);
 *   STR, SECRET u32 length + bytes; LIST u32 count + values; MAP u32 count + (u32 length + key
 *   bytes, value). Depth at most TL_JSON_DEPTH, a frame at most TL_FRAME_MAX bytes and
 *   TL_FRAME_VALUES values (one byte on the wire is 32 in memory), a map without equal keys.
 * The reader trusts nothing: it comes from a process that runs strangers' code. */
#ifndef TL_BASE_WIRE_H
#define TL_BASE_WIRE_H

#include "buf.h"
#include "val.h"

#define TL_FRAME_MAX (256u << 20)
#define TL_FRAME_VALUES (8u << 20)

/* Appends one whole frame (length and value). TL_ELIMIT when it is too large or too deep, or the
 * buffer's maximum is reached; the buffer then is as it was. */
int tl_wire_put(tl_buf *out, const tl_val *v, tl_err *e);

/* Reads the frame at the front of data. Returns the bytes it took, 0 when more are needed, or
 * TL_EPARSE / TL_ELIMIT (negative). *v is owned by the caller when the result is positive. */
int64_t tl_wire_get(tl_val *v, const char *data, size_t len, tl_err *e);

#endif
