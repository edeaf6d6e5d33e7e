package socket

import (
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// pulse pings the peer at every interval and counts the intervals in which
// nothing came. It reads no clock: a process that slept finds no silence it
// didn't listen to.
type pulse struct {
	conn     *Conn
	timer    *time.Timer
	interval time.Duration

	maxSilence int32 // in intervals
	maxFrame   int32 // in intervals
	fill       int32 // contestedFill, in intervals

	listening atomic.Bool  // somebody waits for the network
	heard     atomic.Bool  // something came in this interval
	silence   atomic.Int32 // intervals in a row in which somebody listened and nothing came
	frame     atomic.Int32 // intervals for which a frame has been arriving; negative: none is
	ponging   atomic.Bool  // an answer to a ping is under way

	account   atomic.Pointer[account] // what the arriving frame holds; nil: nothing
	contested atomic.Int32            // intervals in a row at whose end others waited for that
	received  atomic.Int64            // bytes that came in these
}

const noFrame = -1

// start begins to beat. It is called before anybody else knows the connection.
func (p *pulse) start(c *Conn, opts Options) {
	p.conn = c
	p.interval = opts.PingInterval
	p.maxSilence = opts.intervals(opts.Silence)
	p.maxFrame = opts.intervals(opts.FrameTimeout)
	p.fill = opts.intervals(contestedFill)
	p.frame.Store(noFrame)
	c.ws.SetPongHandler(func(string) error { p.heard.Store(true); return nil })
	c.ws.SetPingHandler(p.pinged)
	c.mu.Lock() // the first beat must find the timer in its place
	defer c.mu.Unlock()
	p.timer = time.AfterFunc(p.interval, p.beat)
}

// stop ends the beating. The caller holds conn.mu.
func (p *pulse) stop() { p.timer.Stop() }

// beat runs in a goroutine of its own once per interval: a peer that doesn't
// take its ping holds up no other's.
func (p *pulse) beat() {
	if err := p.verdict(); err != nil {
		_ = p.conn.fail(err)
		return
	}
	if !p.control(websocket.PingMessage, nil) {
		return
	}
	p.conn.mu.Lock()
	defer p.conn.mu.Unlock()
	if p.conn.cause == nil {
		p.timer.Reset(p.interval)
	}
}

// verdict counts the interval that has passed.
func (p *pulse) verdict() error {
	if err := p.frameVerdict(); err != nil {
		return err
	}
	if p.heard.Swap(false) || !p.listening.Load() {
		p.silence.Store(0)
		return nil
	}
	if p.silence.Add(1) >= p.maxSilence {
		return ErrSilent
	}
	return nil
}

// frameVerdict counts the interval for the frame that is arriving, if any.
func (p *pulse) frameVerdict() error {
	n := p.frame.Load()
	if n == noFrame || !p.frame.CompareAndSwap(n, n+1) { // it may just have arrived
		return nil
	}
	switch listening := p.listening.Load(); {
	case n >= p.maxFrame && !listening:
		return ErrBusy
	case n >= p.maxFrame, p.dawdles(listening && n > 0):
		return ErrSlow
	}
	return nil
}

// dawdles tells whether others wait for memory while the frame that holds it
// hardly grows. One beat proves nothing: networks stall, and a line may be
// about to move, so it takes as many as silence does. Nor does a beat at which
// the frame was not due, for it had just begun or waited itself.
func (p *pulse) dawdles(due bool) bool {
	var held int64
	if a := p.account.Load(); a != nil && due {
		held = a.budget.contested(a)
	}
	if held == 0 {
		p.contested.Store(0)
		p.received.Store(0)
		return false
	}
	if p.contested.Add(1) < p.maxSilence {
		return false
	}
	p.contested.Store(0)
	return p.received.Swap(0) < held*int64(p.maxSilence)/int64(p.fill)
}

// pinged answers a ping, without making the reader wait for the writer: if both
// ends did that at once, neither would go on. While an answer is under way, it
// answers the pings that come meanwhile, too.
func (p *pulse) pinged(payload string) error {
	p.heard.Store(true)
	if p.ponging.CompareAndSwap(false, true) {
		go func() {
			defer p.ponging.Store(false)
			p.control(websocket.PongMessage, []byte(payload))
		}()
	}
	return nil
}

// control sends a control frame and says whether it did. If the peer makes no
// room for it in time, the connection ends.
func (p *pulse) control(kind int, payload []byte) bool {
	deadline := time.Now().Add(p.conn.writeTimeout)
	if err := p.conn.ws.WriteControl(kind, payload, deadline); err != nil {
		_ = p.conn.fail(writeError(err))
		return false
	}
	return true
}
