// Package socket carries binary frames over WebSocket. It hides
// gorilla/websocket completely, at either end of a connection.
//
// [Accept] turns an HTTP request into a [Conn], [Dial] opens one. A server
// starts one goroutine that calls [Conn.ReadFrame] until it fails, and returns
// from its HTTP handler (whose request context ends there). Whenever something
// is to be sent, one goroutine at a time calls [Conn.WriteFrame]. Everything
// else may be called from anywhere. Nothing takes a context: [Conn.Close] and
// [Conn.Abort] end whatever waits.
//
// A connection ends by itself, and both calls say why ([Reason] in one word),
// when the peer falls silent, stops reading, sends text, sends too much, or
// takes too long over one frame. Silence is measured by pings, which a timer
// of the connection sends: no goroutine waits for the time to come, and a
// peer that doesn't take its ping delays nobody else's. Only time in which
// somebody was reading counts, so a reader that is busy loses no peer.
//
// Memory: an idle connection holds its reader's stack and a read buffer of
// 1 KiB. A frame of up to 4 KiB costs what it is long. A larger one reserves
// its memory as it arrives from a [Budget] that all connections share, and
// waits for it if need be; [Frame.Release] gives it back. A frame that dawdles
// while others wait loses it, with its connection.
//
// Compression is never negotiated: Automerge's data is compressed already, and
// a limit on what is received would count compressed bytes.
package socket
