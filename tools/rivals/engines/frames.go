package main

import "encoding/binary"

// Changes in a file: each after its length, four bytes, big-endian.

func framed(changes [][]byte) []byte {
	var raw []byte
	for _, c := range changes {
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(c)))
		raw = append(raw, c...)
	}
	return raw
}

func frames(raw []byte) (changes [][]byte) {
	for len(raw) > 0 {
		end := 4 + binary.BigEndian.Uint32(raw)
		changes = append(changes, raw[4:end:end])
		raw = raw[end:]
	}
	return changes
}
