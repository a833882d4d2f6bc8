// Package rate keeps the rates at which an account's calls are taken by a
// provider. All hosted zones of one account share them.
//
//	zone a ─ Gate ─┐             ┌ urgent:  a ─ c     round robin of zones that wait
//	zone b ─ Gate ─┼─► action ───┤
//	zone c ─ Gate ─┘   (bucket)  └ others:  a ─ b ─ c
//
// # Whose turn it is
//
// Each token goes to a call that is urgent, while there is one; but when others
// wait too, every fifth goes to one of them, so the urgent never starve the rest.
// Within each of the two, zones that wait take turns, whatever the number of their
// calls; the calls of one zone go in order.
//
// # How fast
//
// A bucket holds Burst tokens, less a few for the network (see headroom), and
// fills at PerSecond. When the provider refuses a call for its rate, somebody else
// uses the account too, and nobody can say how much. So, as TCP finds its share of
// a line (AIMD), the rate is halved, at most once a second, and grows back in equal
// steps to what is documented, which it never exceeds. The burst shrinks and grows with
// it. If the provider says how long to wait, nobody calls the action before.
//
// There is no goroutine: who waits is woken by a timer, and without anybody who
// waits there is none. Time is monotonic.
//
// It imports providers/hosted and the standard library.
package rate
