// Package turns lets contenders do the same tasks on the same machine, each in
// a process of its own, all of them one task before the next, in another order
// each round, and tells what they measured.
//
// Start from [Run], which the driver keeps, and [Outcome], which a contender
// prints: figures, and a hash of what it has in the end, which must be what the
// driver expects. A contender in Go, that is [InGo], measures with [Figures] and
// [Memory]; one in JavaScript with measure.mjs, which does the same.
//
// Linux only: memory is read from /proc.
package turns
