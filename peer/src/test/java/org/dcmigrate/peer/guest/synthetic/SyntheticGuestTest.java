package org.dcmigrate.peer.guest.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec.Pattern;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class SyntheticGuestTest {
  private static final Duration NONE = Duration.ZERO;
  private static final Duration SOON = Duration.ofMillis(2);
  private static final Duration DOWNTIME = Duration.ofMillis(300);
  private static final long MEMORY = 4096L * 2000;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  void goesOnElsewhereFromTheExactState(Pattern pattern) throws DcmException {
    SyntheticSpec spec = new SyntheticSpec(MEMORY, 200_000, pattern, 42, 30);
    SyntheticGuest guest = SyntheticGuest.create("a", spec, directory.resolve("source"));
    while (guest.writes() < 100) {
      Thread.onSpinWait();
    }
    GuestSource source = guest.beginMigration(DOWNTIME);
    GuestMetadata metadata = source.metadata();
    GuestHome home = GuestHome.open(directory.resolve("destination"), metadata.geometry());
    GuestShell shell = new SyntheticAdapter().prepare("a", metadata, home);
    take(source, home, Event.Idle.class);
    source.letStop();
    Event.Stopped stopped = (Event.Stopped) take(source, home, Event.Stopped.class);

    assertThat(guest.info().state()).isEqualTo(Guest.State.PAUSED);
    for (int block = 0; block < metadata.geometry().blocks().size(); block++) {
      assertThat(contents(source, metadata.geometry(), block).mismatch(home.memory(block)))
          .isEqualTo(-1);
    }
    StoppedGuest givenAway = source.seal();
    shell.load(stopped.deviceState());
    SyntheticGuest arrived = (SyntheticGuest) ((GuestShell.Resumption.Done) shell.resume()).guest();
    givenAway.quit();
    source.close();
    assertThat(directory.resolve("source")).doesNotExist();
    assertThat(arrived.writes()).isGreaterThanOrEqualTo(guest.writes());
    assertThat(arrived.check()).isEmpty();
    while (arrived.writes() < guest.writes() + 1000) {
      Thread.onSpinWait();
    }
    assertThat(arrived.check()).isEmpty();
    arrived.quit();
    arrived.quit();
    assertThat(directory.resolve("destination")).doesNotExist();
  }

  @Test
  void writesTheSameWhereverItRuns() throws DcmException {
    SyntheticSpec spec = new SyntheticSpec(MEMORY, 0, Pattern.HOT, 5, 50);
    SyntheticGuest one = SyntheticGuest.create("one", spec, directory.resolve("one"));
    SyntheticGuest two = SyntheticGuest.create("two", spec, directory.resolve("two"));
    one.writer().write(300);
    one.writer().write(400);
    two.writer().write(700);
    assertThat(one.writer().state()).isEqualTo(two.writer().state());
    try (GuestSource first = one.beginMigration(DOWNTIME);
        GuestSource second = two.beginMigration(DOWNTIME)) {
      Geometry geometry = spec.geometry();
      assertThat(contents(first, geometry, 0).mismatch(contents(second, geometry, 0)))
          .isEqualTo(-1);
    }
    assertThat(one.check()).isEmpty();
    one.quit();
    two.quit();
  }

  @Test
  void aPassIsAscendingAndEachPageComesOnce() throws DcmException {
    SyntheticGuest guest = still(30);
    try (GuestSource source = guest.beginMigration(DOWNTIME)) {
      long next = 0;
      long zeros = 0;
      Event event = source.next(NONE);
      while (!(event instanceof Event.PassEnded)) {
        switch (event) {
          case Event.Pages run -> {
            assertThat(index(run.block(), run.firstPage())).isEqualTo(next);
            assertThat(run.pageCount()).isBetween(1, 64);
            assertThat(run.payload().byteSize()).isEqualTo(run.pageCount() * 4096L);
            next += run.pageCount();
          }
          case Event.ZeroPages run -> {
            assertThat(index(run.block(), run.firstPage())).isEqualTo(next);
            next += run.pageCount();
            zeros += run.pageCount();
          }
          default -> throw new AssertionError(event);
        }
        event = source.next(NONE);
      }
      assertThat(event).isEqualTo(new Event.PassEnded(1, 0));
      assertThat(next).isEqualTo(2000);
      assertThat(zeros).isBetween(400L, 800L);
    }
    guest.quit();
  }

  @Test
  void laterPassesBringOnlyWhatWasWrittenAndItRestsWhileHeldBack() throws DcmException {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(NONE);
    untilPassEnds(source);
    guest.writer().write(500);
    assertThat(source.next(SOON)).isEqualTo(new Event.Idle());
    assertThat(source.next(SOON)).isEqualTo(new Event.Idle());
    source.letStop();
    long pages = untilPassEnds(source);
    assertThat(pages).isBetween(100L, 500L);
    assertThat(guest.info().state()).isEqualTo(Guest.State.PAUSED);
    source.close();
    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    guest.quit();
  }

  @Test
  void heldBackAgainItDoesNotStop() throws DcmException {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(DOWNTIME);
    source.letStop();
    source.holdBack();
    untilPassEnds(source);
    assertThat(source.next(SOON)).isEqualTo(new Event.Idle());
    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    source.close();
    guest.quit();
  }

  @Test
  void theExpectedBandwidthDecidesWhetherWhatIsLeftFits() throws DcmException {
    SyntheticGuest guest = still(0);
    guest.expectBandwidth(4096L * 100);
    GuestSource source = guest.beginMigration(Duration.ofSeconds(1));
    source.letStop();
    guest.writer().write(1);
    takeSome(source, 5);
    guest.writer().write(2000);
    Event.PassEnded ended = (Event.PassEnded) take(source, Optional.empty(), Event.PassEnded.class);
    assertThat(ended.dirtyPages()).isGreaterThan(100);
    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    guest.expectBandwidth(4096L * 1_000_000);
    guest.writer().write(2000);
    take(source, Optional.empty(), Event.PassEnded.class);
    assertThat(guest.info().state()).isEqualTo(Guest.State.PAUSED);
    source.close();
    guest.quit();
  }

  @Test
  void heldBackWhileItsLastPagesComeItRunsOnAndNothingIsMissing() throws DcmException {
    SyntheticSpec spec = new SyntheticSpec(MEMORY, 0, Pattern.UNIFORM, 8, 30);
    SyntheticGuest guest = SyntheticGuest.create("a", spec, directory.resolve("source"));
    GuestSource source = guest.beginMigration(Duration.ofMinutes(1));
    GuestHome home = GuestHome.open(directory.resolve("destination"), source.metadata().geometry());
    take(source, home, Event.Idle.class);
    guest.writer().write(500);
    source.letStop();
    copy((Event.Pages) take(source, home, Event.Pages.class), home);
    assertThat(guest.info().state()).isEqualTo(Guest.State.PAUSED);

    source.holdBack();

    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    guest.writer().write(500);
    take(source, home, Event.Idle.class);
    source.letStop();
    take(source, home, Event.Stopped.class);
    for (int block = 0; block < home.geometry().blocks().size(); block++) {
      assertThat(contents(source, home.geometry(), block).mismatch(home.memory(block)))
          .isEqualTo(-1);
    }
    source.close();
    home.close();
    guest.quit();
  }

  @Test
  void resumedAfterTheStopItEmitsEverythingAnew() throws DcmException {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(DOWNTIME);
    source.letStop();
    take(source, Optional.empty(), Event.Stopped.class);
    source.resume();
    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    assertThat(untilPassEnds(source)).isEqualTo(2000);
    assertThat(source.next(SOON)).isEqualTo(new Event.Idle());
    assertThatExceptionOfType(DcmException.class).isThrownBy(source::seal);
    source.close();
    guest.quit();
  }

  @Test
  void sealedItResumesOnlyWhenTold() throws DcmException {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(DOWNTIME);
    source.letStop();
    take(source, Optional.empty(), Event.Stopped.class);
    StoppedGuest stopped = source.seal();
    assertThatExceptionOfType(DcmException.class).isThrownBy(source::resume);
    source.close();
    source.close();
    assertThat(guest.info().state()).isEqualTo(Guest.State.PAUSED);
    stopped.resume();
    assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
    guest.beginMigration(DOWNTIME).close();
    guest.quit();
  }

  @Test
  void closingEndsAWait() throws Exception {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(DOWNTIME);
    untilPassEnds(source);
    CompletableFuture<Event> waits = new CompletableFuture<>();
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    waits.complete(source.next(Duration.ofDays(1)));
                  } catch (DcmException failed) {
                    waits.completeExceptionally(failed);
                  }
                });
    while (reader.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    source.close();
    assertThat(waits.get()).isEqualTo(new Event.Idle());
    assertThat(source.next(NONE)).isEqualTo(new Event.Idle());
    guest.quit();
  }

  @Test
  void oneMigrationAtATime() throws DcmException {
    SyntheticGuest guest = still(0);
    GuestSource source = guest.beginMigration(DOWNTIME);
    refused(() -> guest.beginMigration(DOWNTIME), Reason.GUEST_BUSY);
    source.close();
    guest.beginMigration(DOWNTIME).close();
    guest.quit();
    refused(() -> guest.beginMigration(DOWNTIME), Reason.GUEST_FAILED);
  }

  @Test
  void theCheckFindsALostWriteAndAFlippedBit() throws DcmException {
    SyntheticGuest guest = still(0);
    guest.writer().write(100);
    assertThat(guest.check()).isEmpty();
    try (GuestHome same = GuestHome.open(directory.resolve("home"), guest.spec().geometry())) {
      MemorySegment memory = same.memory(0);
      byte before = memory.get(ValueLayout.JAVA_BYTE, 4096 * 7 + 999);
      memory.set(ValueLayout.JAVA_BYTE, 4096 * 7 + 999, (byte) ~before);
      assertThat(guest.check()).isPresent();
      memory.set(ValueLayout.JAVA_BYTE, 4096 * 7 + 999, before);
      assertThat(guest.check()).isEmpty();
      PageContent.write(memory, 4096 * 7, guest.spec(), 7, 1000);
      assertThat(guest.check()).hasValueSatisfying(why -> assertThat(why).contains("writes"));
    }
    guest.quit();
  }

  private interface Action {
    void run() throws DcmException;
  }

  private static void refused(Action action, Reason reason) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(action::run)
        .matches(why -> why.reason() == reason, reason.name());
  }

  private SyntheticGuest still(int zeroPercent) throws DcmException {
    return SyntheticGuest.create(
        "still",
        new SyntheticSpec(MEMORY, 0, Pattern.UNIFORM, 3, zeroPercent),
        directory.resolve("home"));
  }

  private static long index(int block, long page) {
    return block == 0 ? page : 1875 + page;
  }

  private void takeSome(GuestSource source, int events) throws DcmException {
    for (int i = 0; i < events; i++) {
      assertThat(source.next(NONE)).isNotInstanceOf(Event.Stopped.class);
    }
  }

  /** Takes events up to the end of a pass; gives the number of pages. */
  private static long untilPassEnds(GuestSource source) throws DcmException {
    long pages = 0;
    while (true) {
      switch (source.next(SOON)) {
        case Event.Pages run -> pages += run.pageCount();
        case Event.ZeroPages run -> pages += run.pageCount();
        case Event.Idle idle -> {}
        case Event.PassEnded ended -> {
          return pages;
        }
        case Event.Stopped stopped -> {
          return pages;
        }
      }
    }
  }

  private static Event take(GuestSource source, GuestHome into, Class<? extends Event> until)
      throws DcmException {
    return take(source, Optional.of(into), until);
  }

  private static Event take(
      GuestSource source, Optional<GuestHome> into, Class<? extends Event> until)
      throws DcmException {
    while (true) {
      Event event = source.next(SOON);
      if (until.isInstance(event)) {
        return event;
      }
      if (event instanceof Event.Pages run && into.isPresent()) {
        copy(run, into.get());
      } else if (event instanceof Event.ZeroPages run && into.isPresent()) {
        into.get()
            .memory(run.block())
            .asSlice(run.firstPage() * 4096, run.pageCount() * 4096)
            .fill((byte) 0);
      }
    }
  }

  private static void copy(Event.Pages run, GuestHome into) {
    into.memory(run.block())
        .asSlice(run.firstPage() * 4096, run.payload().byteSize())
        .copyFrom(run.payload());
  }

  private static MemorySegment contents(GuestSource source, Geometry geometry, int block)
      throws DcmException {
    int pages = (int) geometry.blocks().get(block).pages();
    MemorySegment contents = MemorySegment.ofArray(new byte[pages * 4096]);
    source.read(block, 0, pages, contents);
    return contents;
  }
}
