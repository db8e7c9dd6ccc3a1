package org.dcmigrate.conformance.play;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetSegmentDigestsRequest;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.InventoryBatch;

/** Reads inventories and digests, and checks their form. */
public final class Inventories {
  private Inventories() {}

  /** Asks for the inventory. */
  public static Answer<GetInventoryResponse> ask(Trial trial, TestMigration migration) {
    return trial.call(
        DestinationServiceGrpc.getGetInventoryMethod(),
        GetInventoryRequest.newBuilder().setAttempt(migration.attempt()).build());
  }

  /** Asks for the digests of all segments. */
  public static Answer<GetSegmentDigestsResponse> askDigests(Trial trial, TestMigration migration) {
    return trial.call(
        DestinationServiceGrpc.getGetSegmentDigestsMethod(),
        GetSegmentDigestsRequest.newBuilder().setAttempt(migration.attempt()).build());
  }

  /** Checks that the target's inventory is what the migration stored. */
  public static void check(Trial trial, TestMigration migration) {
    List<InventoryBatch> batches =
        Expect.ok("GetInventory", ask(trial, migration)).stream()
            .map(GetInventoryResponse::getBatch)
            .toList();
    check(trial, migration, batches);
  }

  /** Checks that an inventory is what the migration stored. */
  public static void check(Trial trial, TestMigration migration, List<InventoryBatch> batches) {
    Map<Long, Integer> expected = migration.memory().generations();
    Map<Long, Integer> actual = generations(trial.guest().geometry(), batches);
    Expect.that("inventory", expected.equals(actual), summary(expected), summary(actual));
  }

  /** Checks that the target's segment digests are those of what the migration stored. */
  public static void checkDigests(Trial trial, TestMigration migration) {
    List<List<Long>> expected = migration.memory().segments();
    List<List<Long>> actual = new ArrayList<>();
    expected.forEach(block -> actual.add(new ArrayList<>()));
    for (GetSegmentDigestsResponse part :
        Expect.ok("GetSegmentDigests", askDigests(trial, migration))) {
      Expect.that(
          "block in GetSegmentDigestsResponse",
          part.getBlock() >= 0 && part.getBlock() < actual.size(),
          "0 to " + (actual.size() - 1),
          Integer.toUnsignedString(part.getBlock()));
      List<Long> block = actual.get(part.getBlock());
      Expect.equal(
          "first_segment of the next message", (long) block.size(), part.getFirstSegment());
      Expect.that(
          "number of digests in a message",
          part.getDigestsCount() <= Wire.MAX_EXTENTS,
          "at most 8192",
          String.valueOf(part.getDigestsCount()));
      block.addAll(part.getDigestsList());
    }
    Expect.that(
        "segment digests",
        expected.equals(actual) || (migration.memory().heldPages() == 0 && allEmpty(actual)),
        hex(expected),
        hex(actual));
  }

  /** Before the metadata there may be no blocks to tell digests of. */
  private static boolean allEmpty(List<List<Long>> digests) {
    return digests.stream().allMatch(List::isEmpty);
  }

  private static Map<Long, Integer> generations(Geometry geometry, List<InventoryBatch> batches) {
    Map<Long, Integer> generations = new TreeMap<>();
    long next = 0;
    for (InventoryBatch batch : batches) {
      Expect.that(
          "number of extents in a batch",
          batch.getExtentsCount() <= Wire.MAX_EXTENTS,
          "at most 8192",
          String.valueOf(batch.getExtentsCount()));
      for (GenerationExtent held : batch.getExtentsList()) {
        next = add(geometry, held, next, generations);
      }
    }
    return generations;
  }

  private static long add(
      Geometry geometry, GenerationExtent held, long next, Map<Long, Integer> generations) {
    int block = held.getExtent().getBlock();
    long first = held.getExtent().getFirstPage();
    long count = held.getExtent().getPageCount();
    String text = held.toString().replaceAll("\\s+", " ");
    Expect.that("generation in an inventory", held.getGeneration() != 0, ">= 1", text);
    boolean inside =
        block >= 0
            && block < geometry.blocks().size()
            && first >= 0
            && count >= 1
            && first < geometry.blocks().get(block).pages()
            && count <= geometry.blocks().get(block).pages() - first;
    Expect.that("extent of an inventory", inside, "pages inside of a block", text);
    long start = geometry.firstIndexes()[block] + first;
    Expect.that("order of an inventory", start >= next, "ascending, without overlaps", text);
    for (long index = start; index < start + count; index++) {
      generations.put(index, held.getGeneration());
    }
    return start + count;
  }

  /** Runs of pages by index, e.g. {@code 0-7:g3}. */
  private static String summary(Map<Long, Integer> generations) {
    List<String> runs = new ArrayList<>();
    long start = -1;
    long last = -1;
    int generation = 0;
    for (Map.Entry<Long, Integer> page : generations.entrySet()) {
      if (start < 0 || page.getKey() != last + 1 || page.getValue() != generation) {
        if (start >= 0) {
          runs.add(run(start, last, generation));
        }
        start = page.getKey();
        generation = page.getValue();
      }
      last = page.getKey();
    }
    if (start >= 0) {
      runs.add(run(start, last, generation));
    }
    return runs.isEmpty() ? "no pages" : "pages " + String.join(", ", runs);
  }

  private static String run(long first, long last, int generation) {
    return first + "-" + last + ": generation " + Integer.toUnsignedString(generation);
  }

  private static String hex(List<List<Long>> digests) {
    return digests.stream()
        .map(block -> block.stream().map("%016x"::formatted).toList())
        .toList()
        .toString();
  }
}
