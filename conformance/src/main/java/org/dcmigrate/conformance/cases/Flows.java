package org.dcmigrate.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Course.Kind;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.TransferRequest;

/** Courses of migrations that several cases begin with, and what they look at. */
final class Flows {
  static final String OPEN = "Open";
  static final String METADATA = "ResendMetadata";
  static final String CHUNK = "Transfer.CHUNK";
  static final String PREPARE = "Switchover.PREPARE";
  static final String PREPARE_END = "Switchover.PREPARE_END";
  static final String COMMIT = "Switchover.COMMIT";

  // Of the 8 MiB of a guest at most a half, whatever the size of chunks.
  private static final int CHUNKS_TAKEN = 4;
  private static final int TICKS = 4;

  private Flows() {}

  /** A migration whose destination reads no more pages until it is let go. */
  record Stuck(TargetMigration migration, Script.Held held) {}

  /** Migrates to the first destination, which takes a part of the pages. */
  static Stuck midBulk(Trial trial, long writesPerSecond) {
    Stage stage = trial.stage();
    Script.Held held = stage.first().script().hold(CHUNK, CHUNKS_TAKEN + 1);
    TargetMigration migration = trial.moving().guest(writesPerSecond);
    trial.given(
        "pages flow to the first destination",
        () -> {
          migration.to(stage.first());
          stage
              .course()
              .await("pages", migration.patience(), came(stage.first(), CHUNK), CHUNKS_TAKEN + 1);
        });
    return new Stuck(migration, held);
  }

  /** A migration that was redirected in the middle to the second destination. */
  static TargetMigration redirected(Trial trial, long writesPerSecond) {
    Stuck stuck = midBulk(trial, writesPerSecond);
    trial.given(
        "a redirect in the middle is answered",
        () -> {
          Expect.ok("Redirect", stuck.migration().redirect(trial.stage().second()));
          // By then the transfer that was held is over.
          int _ = place(trial, "Detach", came(trial.stage().first(), "Detach"));
        });
    stuck.held().letGo();
    return stuck.migration();
  }

  /** As {@link #redirected}; the first destination relays so many pages and stops. */
  static TargetMigration relaying(Trial trial, long writesPerSecond, long pages) {
    trial.stage().first().relayGate().stopAfter(pages);
    TargetMigration migration = redirected(trial, writesPerSecond);
    trial.given(
        "the first destination is asked to relay",
        () ->
            trial
                .stage()
                .course()
                .await("Relay", migration.patience(), went(trial.stage().first(), "Relay")));
    return migration;
  }

  // ---- Events.

  static Predicate<Event> came(PlayedPeer to, String step) {
    return event -> event.came(to, step);
  }

  static Predicate<Event> went(PlayedPeer from, String step) {
    return event ->
        event.kind() == Kind.WENT && event.peer().equals(from.name()) && event.step().equals(step);
  }

  /** Where the first of these events stands in the course; it has to be there. */
  static int place(Trial trial, String what, Predicate<Event> which) {
    return trial.stage().course().await(what, trial.target().timeout(), which).number();
  }

  /**
   * Checks that something does not happen while the source asks holders several times how they are.
   * That it does ask is taken for granted.
   */
  static void notMeanwhile(
      Trial trial, TargetMigration migration, String what, Predicate<Event> forbidden) {
    int from = trial.stage().course().events().size();
    trial.given(
        "the source goes on asking holders",
        () ->
            trial
                .stage()
                .course()
                .await(
                    "GetDestinationStatus or GetContributorStatus",
                    migration.patience(),
                    event ->
                        event.number() >= from
                            && event.kind() == Kind.CAME
                            && (event.step().equals("GetDestinationStatus")
                                || event.step().equals("GetContributorStatus")),
                    TICKS));
    List<Event> happened =
        trial.stage().course().events(event -> event.number() >= from && forbidden.test(event));
    Expect.that(
        what,
        happened.isEmpty(),
        "nothing of the kind",
        happened.stream().findFirst().map(Event::step).orElse(""));
  }

  // ---- Pages, by their indexes.

  /** The pages that a contributor said, when it was detached in this epoch, it holds. */
  static Set<Long> inventoryOfDetach(Trial trial, TargetMigration migration, PlayedPeer peer) {
    Set<Long> pages = new TreeSet<>();
    for (Event event : trial.stage().course().events(went(peer, "Detach"))) {
      for (GenerationExtent held : event.as(DetachResponse.class).getBatch().getExtentsList()) {
        add(migration, peer, held.getExtent(), pages);
      }
    }
    return pages;
  }

  /** The pages named in Relay. */
  static Set<Long> named(Trial trial, TargetMigration migration, PlayedPeer peer) {
    Set<Long> pages = new TreeSet<>();
    for (Event event : trial.stage().course().events(came(peer, "Relay"))) {
      for (Extent extent : event.as(RelayRequest.class).getPages().getExtentsList()) {
        add(migration, peer, extent, pages);
      }
    }
    return pages;
  }

  /** The pages that the source sent to a destination before something happened. */
  static Set<Long> sent(Trial trial, TargetMigration migration, PlayedPeer to, int before) {
    Set<Long> pages = new TreeSet<>();
    for (PageChunk chunk : chunks(trial, to, before)) {
      add(migration, to, extent(chunk), pages);
    }
    return pages;
  }

  /** The chunks that the source sent to a destination before something happened. */
  static List<PageChunk> chunks(Trial trial, PlayedPeer to, int before) {
    List<PageChunk> chunks = new ArrayList<>();
    for (Event event : trial.stage().course().events(came(to, CHUNK))) {
      if (event.number() < before) {
        chunks.add(event.as(TransferRequest.class).getChunk());
      }
    }
    return chunks;
  }

  /** The pages of a chunk. */
  static Extent extent(PageChunk chunk) {
    return Extent.newBuilder()
        .setBlock(chunk.getBlock())
        .setFirstPage(chunk.getFirstPage())
        .setPageCount(chunk.getPageCount())
        .build();
  }

  static void add(TargetMigration migration, PlayedPeer peer, Extent extent, Set<Long> pages) {
    long first = migration.at(peer).firstIndex(extent.getBlock()) + extent.getFirstPage();
    for (long index = first; index < first + extent.getPageCount(); index++) {
      pages.add(index);
    }
  }

  /** Some pages, for people. */
  static String text(Set<Long> pages) {
    return pages.size() + " pages, first " + pages.stream().limit(3).toList();
  }
}
