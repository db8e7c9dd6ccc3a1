package org.dcmigrate.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Course.Kind;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inconclusive;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerRef;
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

  // Of the 2048 pages of a guest.
  private static final long FEW_PAGES = 300;
  private static final long MOST_PAGES = 1200;
  private static final int TICKS = 4;

  private Flows() {}

  /** A migration whose destination reads no more pages until it is let go. */
  record Stuck(TargetMigration migration, Script.Held held) {}

  /** Migrates to the first destination, which takes a part of the pages. */
  static Stuck midBulk(Trial trial, long writesPerSecond) {
    return stuckAfter(FEW_PAGES, trial, writesPerSecond);
  }

  private static Stuck stuckAfter(long pages, Trial trial, long writesPerSecond) {
    Stage stage = trial.stage();
    Script.Held held = stage.first().script().holdAfterPages(pages);
    TargetMigration migration = trial.moving().guest(writesPerSecond);
    trial.given(
        "pages flow to the first destination",
        () -> {
          migration.to(stage.first());
          Expect.eventually("pages", migration.patience(), held::isReached);
        });
    return new Stuck(migration, held);
  }

  /** A migration that was redirected in the middle to the second destination. */
  static TargetMigration redirected(Trial trial, long writesPerSecond) {
    return redirected(midBulk(trial, writesPerSecond), trial);
  }

  private static TargetMigration redirected(Stuck stuck, Trial trial) {
    trial.given(
        "a redirect in the middle is answered",
        () -> {
          Expect.ok("Redirect", stuck.migration().redirect(trial.stage().second()));
          // By then the transfer that was held is over.
          int _ =
              place(
                  trial,
                  "Detach, or the end of the transfer",
                  event ->
                      event.came(trial.stage().first(), "Detach")
                          || (event.peer().equals(trial.stage().first().name())
                              && event.step().equals("Transfer")
                              && event.kind() == Kind.BROKEN_OFF));
        });
    stuck.held().letGo();
    return stuck.migration();
  }

  /** As {@link #redirected}; the first destination relays so many pages and stops. */
  static TargetMigration relaying(Trial trial, long writesPerSecond, long pages) {
    trial.stage().first().relayGate().stopAfter(pages);
    return asked(redirected(trial, writesPerSecond), trial);
  }

  /** As {@link #relaying}; the first destination holds more than half of the guest. */
  static TargetMigration relayingMost(Trial trial, long writesPerSecond, long pages) {
    trial.stage().first().relayGate().stopAfter(pages);
    return asked(redirected(stuckAfter(MOST_PAGES, trial, writesPerSecond), trial), trial);
  }

  private static TargetMigration asked(TargetMigration migration, Trial trial) {
    trial.given(
        "the first destination is asked to relay",
        () ->
            trial
                .stage()
                .course()
                .await("Relay", migration.patience(), went(trial.stage().first(), "Relay")));
    return migration;
  }

  /** The Open that a peer is asked with first. */
  static OpenRequest opened(Trial trial, TargetMigration migration, PlayedPeer peer) {
    return trial
        .stage()
        .course()
        .await("Open at " + peer.name(), migration.patience(), came(peer, OPEN))
        .as(OpenRequest.class);
  }

  /** The contributors that an Open announces, by their identities, ascending. */
  static List<String> contributors(OpenRequest open) {
    return open.getContributorsList().stream().map(PeerRef::getIdentity).sorted().toList();
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
    notSince(trial.stage().course().events().size(), trial, migration, what, forbidden);
  }

  /** As {@link #notMeanwhile}, nor before that since so many events had been. */
  static void notSince(
      int since, Trial trial, TargetMigration migration, String what, Predicate<Event> forbidden) {
    int from = trial.stage().course().events().size();
    Predicate<Event> asked =
        event ->
            event.number() >= from
                && event.kind() == Kind.CAME
                && (event.step().equals("GetDestinationStatus")
                    || event.step().equals("GetContributorStatus"));
    Optional<Inconclusive> silent = Optional.empty();
    try {
      trial.given(
          "the source goes on asking holders",
          () -> trial.stage().course().await("their status", migration.patience(), asked, TICKS));
    } catch (Inconclusive none) {
      // What is forbidden may be why it asks no more.
      silent = Optional.of(none);
    }
    List<Event> happened =
        trial.stage().course().events(event -> event.number() >= since && forbidden.test(event));
    Expect.that(
        what,
        happened.isEmpty(),
        "nothing of the kind",
        happened.stream().findFirst().map(Event::step).orElse(""));
    if (silent.isPresent()) {
      throw silent.get();
    }
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
