/* Whole frames (core/base/wire.h) over a socket, blocking: the worker's end. */
#ifndef TL_PRIM_FRAME_H
#define TL_PRIM_FRAME_H

#include "../base/buf.h"
#include "../base/val.h"

/* Sends v as one frame; `scratch` is emptied and used for the bytes. TL_ELIMIT when v is too large
 * (nothing was sent), TL_EIO when the other side is gone. */
int tl_frame_send(int fd, tl_buf *scratch, const tl_val *v, tl_err *e);

/* Waits for one frame. `in` keeps the bytes of later frames between calls. Returns 1 and *v (the
 * caller's), 0 when the other side closed, TL_EIO, or what tl_wire_get finds wrong. */
int tl_frame_receive(int fd, tl_buf *in, tl_val *v, tl_err *e);

#endif
