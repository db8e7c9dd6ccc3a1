package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.HolderState;

/** All migrations that this peer receives or has received. */
public final class Holders {
  private static final long FORGOTTEN_KEPT_NS = Duration.ofHours(1).toNanos();

  private final HolderContext context;
  private final int limit;
  private final Map<MigrationId, Holder> holders = new HashMap<>();
  private final Map<MigrationId, Long> forgottenSinceNs = new HashMap<>();
  private final Farewells farewells = new Farewells();
  private final ReentrantLock ticking = new ReentrantLock();

  public Holders(HolderContext context, int limit) {
    this.context = context;
    this.limit = limit;
  }

  /** Takes up what the journal knows, before anything is served. */
  public synchronized void recover() throws DcmException {
    for (Journal.Entry<HolderRecord> entry : context.journal().holders()) {
      holders.put(entry.migration(), Holder.recover(entry, context));
    }
  }

  /**
   * Becomes the destination of an attempt; gives the number of pages held already.
   *
   * @throws DcmException ALREADY_OPEN, EPOCH_STALE, TOO_LATE, or LIMIT_EXCEEDED
   */
  public long open(
      Attempt attempt, PeerId source, List<PeerId> contributors, Holder.Opening opening)
      throws DcmException {
    HolderInput.OpenAsked asked = new HolderInput.OpenAsked(attempt.epoch(), source, contributors);
    Holder holder;
    synchronized (this) {
      Optional<Holder> known = Optional.ofNullable(holders.get(attempt.migration()));
      if (known.isEmpty()) {
        if (farewells.cover(source, attempt)) {
          throw new DcmException(
              Reason.ALREADY_OPEN,
              "epoch %d was ended before it was opened here; a new attempt needs a new epoch"
                  .formatted(attempt.epoch()));
        }
        checkLimit();
        holders.put(attempt.migration(), Holder.open(attempt.migration(), context, asked, opening));
        return 0;
      }
      holder = known.get();
      forgottenSinceNs.remove(attempt.migration());
    }
    holder.reopen(asked, opening);
    return holder.heldPages();
  }

  /**
   * Abort and Release: one meaning for a peer that holds something, in whichever role. A migration
   * that this peer does not know is forgotten already.
   *
   * @throws DcmException IDENTITY_NOT_ADMITTED, EPOCH_STALE or TOO_LATE
   */
  public void forget(Attempt attempt, PeerId caller) throws DcmException {
    Holder holder;
    synchronized (this) {
      Optional<Holder> known = Optional.ofNullable(holders.get(attempt.migration()));
      if (known.isEmpty()) {
        farewells.heard(caller, attempt);
        return;
      }
      holder = known.get();
    }
    holder.requireSource(caller);
    holder.forget(attempt.epoch());
  }

  private void checkLimit() throws DcmException {
    long active = holders.values().stream().filter(Holders::active).count();
    if (active >= limit) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "this peer takes part in %d migrations, as many as limits.migrations allows; retry later"
              .formatted(active));
    }
  }

  private static boolean active(Holder holder) {
    HolderState state = holder.state();
    return !(state instanceof HolderState.Forgotten || state instanceof HolderState.Owned);
  }

  /**
   * The holder of a migration, for its source.
   *
   * @throws DcmException MIGRATION_UNKNOWN, or IDENTITY_NOT_ADMITTED for anybody else
   */
  public Holder get(Attempt attempt, PeerId caller) throws DcmException {
    Holder holder = get(attempt);
    holder.requireSource(caller);
    return holder;
  }

  /**
   * The holder of a migration.
   *
   * @throws DcmException MIGRATION_UNKNOWN
   */
  public Holder get(Attempt attempt) throws DcmException {
    return find(attempt.migration())
        .orElseThrow(
            () ->
                new DcmException(
                    Reason.MIGRATION_UNKNOWN,
                    "this peer knows no migration " + attempt.migration()));
  }

  /** The holder of a migration, where there is one. */
  public synchronized Optional<Holder> find(MigrationId migration) {
    return Optional.ofNullable(holders.get(migration));
  }

  /** Number of migrations whose pages this peer holds. */
  public synchronized int activeCount() {
    return (int) holders.values().stream().filter(Holders::active).count();
  }

  /** The guests that this peer owns and could not set running so far. */
  public List<StandingGuest> standingGuests() {
    return all().stream().flatMap(holder -> holder.standingGuest().stream()).toList();
  }

  /**
   * A guest has left this peer for good: no restart looks for it. To be told while it still counts
   * as a guest of this peer: one that does not is the one that stands still.
   */
  public void guestLeft(String guest) {
    boolean runs = context.guests().has(guest);
    all().stream()
        .filter(holder -> holder.guestName().equals(guest) && !(runs && holder.standsStill()))
        .forEach(Holder::guestLeft);
  }

  /** This peer. */
  public PeerId self() {
    return context.peers().self().id();
  }

  /** Ends leases, and asks again for decisions; to be called twice a second. */
  public void tick(long nowNs) {
    if (!ticking.tryLock()) {
      // To delete takes its time; what is left undone is done the next time.
      return;
    }
    try {
      for (Holder holder : all()) {
        holder.tick(nowNs);
        forgetLater(holder, nowNs);
      }
    } finally {
      ticking.unlock();
    }
  }

  /** What was forgotten a while ago is removed; what cannot be, after another while. */
  private void forgetLater(Holder holder, long nowNs) {
    MigrationId migration = holder.migration();
    long since;
    synchronized (this) {
      if (!(holder.state() instanceof HolderState.Forgotten) || holder.grantTaken()) {
        forgottenSinceNs.remove(migration);
        return;
      }
      since = forgottenSinceNs.computeIfAbsent(migration, any -> nowNs);
    }
    if (nowNs - since <= FORGOTTEN_KEPT_NS) {
      return;
    }
    // Takes its time, for which nobody but this migration waits.
    boolean erased = holder.erase();
    synchronized (this) {
      // Another moment: it was opened again meanwhile.
      boolean unchanged = forgottenSinceNs.remove(migration, since);
      if (unchanged && erased) {
        holders.remove(migration);
      }
    }
  }

  /** Ends everything that does not own its guest. */
  public void stop() {
    all().forEach(Holder::stop);
  }

  private synchronized List<Holder> all() {
    return List.copyOf(holders.values());
  }
}
