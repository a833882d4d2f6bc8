package zone

import "strings"

// maxDepth bounds the tree's height: fanout to the power of maxDepth is far past what memory holds.
const maxDepth = 12

// cursor walks a tree's entries in key order. It allocates nothing by itself.
type cursor struct {
	index [maxDepth]int // which kid of trees[d] the path takes
	trees [maxDepth]*tree
	depth int // of the leaf; -1: at the end
	at    int // entry in the leaf's page
}

// seek sets the cursor on the first entry whose key is at least key.
func (c *cursor) seek(root *tree, key []byte) {
	c.depth = -1
	if root == nil {
		return
	}
	d, t := 0, root
	for t.kids != nil {
		i := t.child(key)
		c.trees[d], c.index[d] = t, i
		t = t.kids[i].tree
		d++
	}
	c.trees[d], c.depth = t, d
	c.at, _ = t.page.search(key)
	if c.at >= t.page.count() {
		c.nextPage()
	}
}

// valid says that the cursor stands on an entry.
func (c *cursor) valid() bool { return c.depth >= 0 }

// next steps to the entry behind.
func (c *cursor) next() {
	c.at++
	if c.at >= c.trees[c.depth].page.count() {
		c.nextPage()
	}
}

func (c *cursor) nextPage() {
	d := c.depth - 1
	for d >= 0 && c.index[d]+1 >= len(c.trees[d].kids) {
		d--
	}
	if d < 0 {
		c.depth = -1
		return
	}
	c.index[d]++
	t := c.trees[d].kids[c.index[d]].tree
	for d++; t.kids != nil; d++ {
		c.trees[d], c.index[d] = t, 0
		t = t.kids[0].tree
	}
	c.trees[d], c.depth, c.at = t, d, 0
}

// node is the packed node of the entry the cursor stands on, whole: see entry.whole.
func (c *cursor) node(buf *Buffer) string {
	p := c.trees[c.depth].page
	return p.at(c.at).whole(p.tail(), buf)
}

// entry is the entry the cursor stands on; its key lacks the page's prefix, which comes first.
func (c *cursor) entry() (prefix string, e entry) {
	p := c.trees[c.depth].page
	return p.prefix(), p.at(c.at)
}

// under says whether the entry's key starts with key, and whether it is key.
func (c *cursor) under(key []byte) (below, equal bool) {
	prefix, e := c.entry()
	if len(key) <= len(prefix) {
		return strings.HasPrefix(prefix, string(key)), len(key) == len(prefix) && e.key == "" && prefix == string(key)
	}
	if string(key[:len(prefix)]) != prefix {
		return false, false
	}
	rest := key[len(prefix):]
	return strings.HasPrefix(e.key, string(rest)), e.key == string(rest)
}
