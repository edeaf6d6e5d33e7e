package opset

// values is what stands at a place of a document, at some time.
type values struct {
	winner   *Op    // nil if there is none
	conflict bool   // there are others
	others   uint64 // a sum of them, for comparing
	mark     *Op    // instead of values, in a text
}

// manyValues is up to how many values of a place are looked at, of more only how
// many there are: who puts ever more at one place must not have all of them
// compared each time.
const manyValues = 16

func valuesOf(p *slot) values {
	v := values{mark: p.liveMark()}
	n := 0
	for op := range p.latest {
		switch n++; n {
		case 1:
			v.winner = op
			continue
		case 2:
			v.conflict, v.others = true, basis+uint64(p.lives())
		case manyValues:
			return v
		}
		v.others = sum(v.others, op)
	}
	return v
}

// The numbers of FNV-1a.
const (
	basis = 14695981039346656037
	prime = 1099511628211
)

// sum adds a value to a sum of several, in which their order counts.
func sum(sum uint64, op *Op) uint64 {
	for _, part := range [...]uint64{uint64(op.ID.Counter), uint64(op.ID.Actor), uint64(op.sum())} {
		sum = (sum ^ part) * prime
	}
	return sum
}

// kept returns values that stay when the place changes.
func (v values) kept() values {
	for _, op := range []**Op{&v.winner, &v.mark} {
		if *op != nil {
			kept := **op
			if kept.fate != nil {
				kept.fate = &fate{sum: kept.sum()}
			}
			*op = &kept
		}
	}
	return v
}
