package org.dcmigrate.conformance.play;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.PageChunk;

/**
 * Every emission of every page by the source, whoever received it: what the last one was, and what
 * broke the rules of generations. What never arrived leaves no trace here, which can only hide
 * something, not make a right source wrong.
 */
public final class Emissions {
  private final Map<Long, TreeMap<Integer, Long>> generations = new HashMap<>();
  private final Map<Long, Integer> last = new HashMap<>();
  private final List<String> notRising = new ArrayList<>();
  private final List<String> twoContents = new ArrayList<>();

  /** Notes a chunk of the source; the index is that of its first page. */
  synchronized void sent(long first, PageChunk chunk, PageDigest digests) {
    byte[] payload = chunk.getPayload().toByteArray();
    for (int i = 0; i < chunk.getPageCount(); i++) {
      long digest =
          payload.length == 0
              ? digests.algorithm().zeroPage()
              : digests.of(payload, i * Geometry.PAGE_BYTES);
      page(first + i, chunk.getGeneration(), digest);
    }
  }

  private void page(long index, int generation, long digest) {
    int before = last.getOrDefault(index, 0);
    TreeMap<Integer, Long> known =
        generations.computeIfAbsent(index, page -> new TreeMap<>(Integer::compareUnsigned));
    if (Integer.compareUnsigned(generation, before) <= 0) {
      notRising.add(
          "page %d: generation %s after %s"
              .formatted(
                  index, Integer.toUnsignedString(generation), Integer.toUnsignedString(before)));
    }
    if (known.getOrDefault(generation, digest) != digest) {
      twoContents.add(
          "page %d: two contents of generation %s"
              .formatted(index, Integer.toUnsignedString(generation)));
    }
    known.put(generation, digest);
    last.put(index, generation);
  }

  /** The generation that the source gave a page last; 0 for one that it never sent. */
  public synchronized int last(long index) {
    return last.getOrDefault(index, 0);
  }

  /** How often the source sent a page. */
  public synchronized int times(long index) {
    return generations.containsKey(index) ? generations.get(index).size() : 0;
  }

  /** Number of pages sent at least once. */
  public synchronized long pages() {
    return last.size();
  }

  /** Checks that the generations of each page rose. */
  public synchronized void checkRising() {
    Expect.that(
        "generations of emissions",
        notRising.isEmpty(),
        "each higher than before",
        text(notRising));
  }

  /** Checks that no generation of a page had two contents. */
  public synchronized void checkContents() {
    Expect.that(
        "contents of generations", twoContents.isEmpty(), "one for each", text(twoContents));
  }

  private static String text(List<String> wrong) {
    return wrong.size() + " pages wrong, first " + wrong.stream().findFirst().orElse("");
  }

  synchronized void clear() {
    generations.clear();
    last.clear();
    notRising.clear();
    twoContents.clear();
  }
}
