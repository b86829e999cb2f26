// verify checks an exported ledger with golang.org/x/mod/sumdb alone: note, tlog, and nothing of ours.
//
// Usage: verify DIR VKEYS OLD-CHECKPOINT
// DIR is the export, VKEYS a file of verifier keys of the entries' signers, OLD-CHECKPOINT an earlier signed checkpoint.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type export struct{ dir string }

func (e export) Height() int { return height }

func (e export) SaveTiles([]tlog.Tile, [][]byte) {}

func (e export) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// sumdb writes tile/<height>/<L>/<N>; C2SP leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(e.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func check(err error) {
	if err != nil {
		fmt.Println("NOT OK:", err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	check(err)
	return data
}

func checkpoint(data []byte, verifiers note.Verifiers) tlog.Tree {
	opened, err := note.Open(data, verifiers)
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	hash, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: hash}
}

func leaves(dir string, size int64) [][]byte {
	var all [][]byte
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		tile := tlog.Tile{H: height, L: 0, N: first >> height, W: 1 << height}
		if width < 1<<height {
			tile.W = int(width)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data := read(filepath.Join(dir, path))
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	return all
}

func proof(data []byte, log note.Verifiers, index int64, leaf []byte) {
	parts := bytes.SplitN(data, []byte("\n\n"), 2)
	tree := checkpoint(parts[1], log)
	var path tlog.RecordProof
	for _, line := range strings.Split(string(parts[0]), "\n")[1:] {
		if strings.HasPrefix(line, "extra ") {
			continue
		}
		if strings.HasPrefix(line, "index ") {
			if line != fmt.Sprintf("index %d", index) {
				check(fmt.Errorf("proof of entry %d says %q", index, line))
			}
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		check(err)
		var hash tlog.Hash
		copy(hash[:], raw)
		path = append(path, hash)
	}
	check(tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf)))
}

func main() {
	dir := os.Args[1]
	var signers []note.Verifier
	for _, line := range strings.Fields(string(read(os.Args[2]))) {
		verifier, err := note.NewVerifier(line)
		check(err)
		signers = append(signers, verifier)
	}
	parties := note.VerifierList(signers...)
	policy := strings.Fields(string(read(filepath.Join(dir, "policy"))))
	logKey, err := note.NewVerifier(policy[1])
	check(err)
	log := note.VerifierList(logKey)

	tree := checkpoint(read(filepath.Join(dir, "checkpoint")), log)
	hashes := tlog.TileHashReader(tree, export{dir})
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash {
		check(fmt.Errorf("the tiles give the root %v", root))
	}
	old := checkpoint(read(os.Args[3]), log)
	path, err := tlog.ProveTree(tree.N, old.N, hashes)
	check(err)
	check(tlog.CheckTree(path, tree.N, tree.Hash, old.N, old.Hash))

	all := leaves(dir, tree.N)
	signatures := 0
	for index, leaf := range all {
		found, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		check(err)
		if found[0] != tlog.RecordHash(leaf) {
			check(fmt.Errorf("leaf %d is not the one in the tree", index))
		}
		opened, err := note.Open(read(filepath.Join(dir, fmt.Sprintf("entries/%d.note", index))), parties)
		check(err)
		if len(opened.UnverifiedSigs) > 0 {
			check(fmt.Errorf("entry %d is signed by somebody unknown", index))
		}
		signatures += len(opened.Sigs)
		proof(read(filepath.Join(dir, fmt.Sprintf("entries/%d.tlog-proof", index))), log, int64(index), leaf)
	}
	fmt.Printf("OK size=%d leaves=%d signatures=%d\n", tree.N, len(all), signatures)
}
