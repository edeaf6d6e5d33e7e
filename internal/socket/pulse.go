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

	listening atomic.Bool  // somebody waits for the network
	heard     atomic.Bool  // something came in this interval
	silence   atomic.Int32 // intervals in a row in which somebody listened and nothing came
	frame     atomic.Int32 // intervals for which a frame has been arriving; negative: none is
	ponging   atomic.Bool  // an answer to a ping is under way
}

const noFrame = -1

// start begins to beat. It is called before anybody else knows the connection.
func (p *pulse) start(c *Conn, opts Options) {
	p.conn = c
	p.interval = opts.PingInterval
	p.maxSilence = opts.intervals(opts.Silence)
	p.maxFrame = opts.intervals(opts.FrameTimeout)
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
	if p.frame.Load() != noFrame && p.frame.Add(1) > p.maxFrame {
		if p.listening.Load() {
			return ErrSlow
		}
		return ErrBusy
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
