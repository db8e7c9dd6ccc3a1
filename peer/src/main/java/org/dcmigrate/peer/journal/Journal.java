package org.dcmigrate.peer.journal;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;

/**
 * The journal on disk: one SQLite file, written ahead and synced at every append.
 *
 * <pre>
 * source_record(migration, number, record)    records of the source's machine, in order
 * holder_record(migration, number, record)    records of a holder's machine, in order
 * guest(migration, role, name, kind, blocks)  which guest a migration is about
 * paused(migration)                           migrations whose guest its operator had paused
 * seat(migration, epoch, source, destination, witness, promised, ballot, choice)
 *                                             what this peer voted on an attempt
 * </pre>
 */
public final class Journal implements AutoCloseable {
  /** Which guest a migration is about. */
  public record GuestEntry(String name, String kind, Geometry geometry) {}

  /** A migration as the journal tells it. */
  public record Entry<R>(MigrationId migration, GuestEntry guest, List<R> records) {
    public Entry {
      records = List.copyOf(records);
    }
  }

  /** A peer's part in the decision of an attempt. */
  public record Seat(Attempt attempt, Electorate electorate, Acceptor acceptor) {}

  /** What the tables and the texts in them look like; a change that is not compatible counts up. */
  private static final int FORMAT = 1;

  private final Connection connection;
  private final Consumer<JournalFailure> onFailure;
  private final WriteObserver observer;
  private boolean closed;

  private Journal(
      Connection connection, Consumer<JournalFailure> onFailure, WriteObserver observer) {
    this.connection = connection;
    this.onFailure = onFailure;
    this.observer = observer;
  }

  /**
   * Opens or makes the journal.
   *
   * @param onFailure told when a record cannot be written; it should end the process, as nothing
   *     that depends on the record may happen
   * @throws DcmException INTERNAL with the file and what is wrong with it
   */
  public static Journal open(Path file, Consumer<JournalFailure> onFailure) throws DcmException {
    return open(file, onFailure, WriteObserver.NONE);
  }

  /** Opens or makes the journal, with somebody who looks at what it writes. */
  public static Journal open(Path file, Consumer<JournalFailure> onFailure, WriteObserver observer)
      throws DcmException {
    SqliteLibrary.load(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    try {
      Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
      try {
        prepare(connection, file);
      } catch (SQLException | DcmException failed) {
        connection.close();
        throw failed;
      }
      return new Journal(connection, onFailure, observer);
    } catch (SQLException failed) {
      throw new DcmException(
          Reason.INTERNAL,
          "the journal %s cannot be opened: %s; is another dcmd running with this state directory?"
              .formatted(file, failed.getMessage()),
          failed);
    }
  }

  private static void prepare(Connection connection, Path file) throws SQLException, DcmException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA journal_mode=WAL");
      // FULL: the log is synced at every commit, so that an append that returned is durable.
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute("PRAGMA locking_mode=EXCLUSIVE");
      int format = number(statement, "PRAGMA user_version");
      boolean fresh = number(statement, "SELECT count(*) FROM sqlite_master") == 0;
      if (!fresh && format != FORMAT) {
        throw new DcmException(
            Reason.INTERNAL,
            "the journal %s is of format %d, and this dcmd knows format %d only; start the dcmd that wrote it; without its journal this peer knows neither the guests that came to it nor its votes"
                .formatted(file, format, FORMAT));
      }
      // With the tables or not at all.
      statement.execute("BEGIN");
      statement.execute("PRAGMA user_version=" + FORMAT);
      statement.execute(
          "CREATE TABLE IF NOT EXISTS source_record("
              + "migration TEXT NOT NULL, number INTEGER PRIMARY KEY, record TEXT NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS holder_record("
              + "migration TEXT NOT NULL, number INTEGER PRIMARY KEY, record TEXT NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS guest(migration TEXT NOT NULL, role TEXT NOT NULL,"
              + " name TEXT NOT NULL, kind TEXT NOT NULL, blocks TEXT NOT NULL,"
              + " PRIMARY KEY(migration, role))");
      statement.execute("CREATE TABLE IF NOT EXISTS paused(migration TEXT NOT NULL PRIMARY KEY)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS seat(migration TEXT NOT NULL, epoch INTEGER NOT NULL,"
              + " source TEXT NOT NULL, destination TEXT NOT NULL, witness TEXT NOT NULL,"
              + " promised INTEGER NOT NULL, ballot INTEGER NOT NULL, choice TEXT NOT NULL,"
              + " PRIMARY KEY(migration, epoch))");
      statement.execute("COMMIT");
    }
  }

  private static int number(Statement statement, String query) throws SQLException {
    try (ResultSet row = statement.executeQuery(query)) {
      return row.next() ? row.getInt(1) : 0;
    }
  }

  /** Remembers which guest a migration that this peer is the source of is about. */
  public void sourceGuest(MigrationId migration, GuestEntry guest) {
    putGuest(migration, "source", guest);
  }

  /** Remembers whether the guest of a migration that leaves stood still before it was stopped. */
  public synchronized void sourceGuestPaused(MigrationId migration, boolean paused) {
    String change =
        paused
            ? "INSERT OR REPLACE INTO paused VALUES(?)"
            : "DELETE FROM paused WHERE migration = ?";
    try (PreparedStatement statement = connection.prepareStatement(change)) {
      statement.setString(1, migration.toString());
      statement.executeUpdate();
    } catch (SQLException failed) {
      throw failure(failed);
    }
  }

  /** Whether the guest of a migration that leaves stood still before it was stopped. */
  public synchronized boolean isSourceGuestPaused(MigrationId migration) throws DcmException {
    try (PreparedStatement select =
        connection.prepareStatement("SELECT 1 FROM paused WHERE migration = ?")) {
      select.setString(1, migration.toString());
      try (ResultSet row = select.executeQuery()) {
        return row.next();
      }
    } catch (SQLException failed) {
      throw new DcmException(
          Reason.INTERNAL, "the journal cannot be read: " + failed.getMessage(), failed);
    }
  }

  /** Remembers which guest a migration that this peer holds pages of is about. */
  public void holderGuest(MigrationId migration, GuestEntry guest) {
    putGuest(migration, "holder", guest);
  }

  /** Appends a record of a source; durable when this returns. */
  public void append(MigrationId migration, SourceRecord record) {
    append(migration, record, Optional.empty());
  }

  /** Appends a record of a source with the seat that it changes; durable, both or none. */
  public void append(MigrationId migration, SourceRecord record, Optional<Seat> seat) {
    String name = "source " + record.getClass().getSimpleName() + epoch(record);
    append("source_record", migration, RecordText.of(record), seat, name);
  }

  /** Appends a record of a holder; durable when this returns. */
  public void append(MigrationId migration, HolderRecord record) {
    append(migration, record, Optional.empty());
  }

  /** Appends a record of a holder with the seat that it changes; durable, both or none. */
  public void append(MigrationId migration, HolderRecord record, Optional<Seat> seat) {
    String name = "holder " + record.getClass().getSimpleName() + " " + record.epoch();
    append("holder_record", migration, RecordText.of(record), seat, name);
  }

  private static String epoch(SourceRecord record) {
    return switch (record) {
      case SourceRecord.AttemptOpened attempt -> " " + attempt.epoch();
      case SourceRecord.WitnessAsked asked -> " " + asked.epoch();
      case SourceRecord.Granted granted -> " " + granted.epoch();
      case SourceRecord.Decided decided -> " " + decided.epoch();
      case SourceRecord.Ended ended -> "";
    };
  }

  /**
   * Writes a vote; durable when this returns.
   *
   * @param event what has changed it
   */
  public synchronized void putSeat(Seat seat, String event) {
    String name = "seat " + event + " " + seat.attempt().epoch();
    observer.writing(name);
    try {
      insert(seat);
    } catch (SQLException failed) {
      throw failure(failed);
    }
    observer.written(name);
  }

  private void insert(Seat seat) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT OR REPLACE INTO seat VALUES(?, ?, ?, ?, ?, ?, ?, ?)")) {
      insert.setString(1, seat.attempt().migration().toString());
      insert.setLong(2, seat.attempt().epoch());
      insert.setString(3, seat.electorate().source().uri());
      insert.setString(4, seat.electorate().destination().uri());
      insert.setString(5, seat.electorate().witness().map(PeerId::uri).orElse(""));
      insert.setLong(6, seat.acceptor().promised());
      insert.setLong(7, seat.acceptor().accepted().map(Vote::ballot).orElse(-1L));
      insert.setString(8, seat.acceptor().accepted().map(v -> v.choice().name()).orElse(""));
      insert.executeUpdate();
    }
  }

  /** All votes. */
  public synchronized List<Seat> seats() throws DcmException {
    List<Seat> seats = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT * FROM seat")) {
      while (row.next()) {
        seats.add(seat(row));
      }
      return seats;
    } catch (SQLException | IllegalArgumentException failed) {
      throw new DcmException(
          Reason.INTERNAL, "the journal's votes cannot be read: " + failed.getMessage(), failed);
    }
  }

  private static Seat seat(ResultSet row) throws SQLException {
    String witness = row.getString("witness");
    long ballot = row.getLong("ballot");
    return new Seat(
        new Attempt(
            new MigrationId(UUID.fromString(row.getString("migration"))), row.getLong("epoch")),
        new Electorate(
            new PeerId(row.getString("source")),
            new PeerId(row.getString("destination")),
            witness.isEmpty() ? Optional.empty() : Optional.of(new PeerId(witness))),
        new Acceptor(
            row.getLong("promised"),
            ballot < 0
                ? Optional.empty()
                : Optional.of(new Vote(ballot, Choice.valueOf(row.getString("choice"))))));
  }

  /** Removes all that is known of a migration that this peer held pages of, but its votes. */
  public void removeHolder(MigrationId migration) {
    remove(
        List.of(migration),
        "DELETE FROM holder_record WHERE migration = ?",
        "DELETE FROM guest WHERE migration = ? AND role = 'holder'");
  }

  /** Removes all that is known of migrations that this peer was the source of, but its votes. */
  public void removeSources(Collection<MigrationId> migrations) {
    remove(
        migrations,
        "DELETE FROM source_record WHERE migration = ?",
        "DELETE FROM guest WHERE migration = ? AND role = 'source'",
        "DELETE FROM paused WHERE migration = ?");
  }

  private synchronized void remove(Collection<MigrationId> migrations, String... deletions) {
    if (migrations.isEmpty()) {
      return;
    }
    try {
      connection.setAutoCommit(false);
      for (String deletion : deletions) {
        try (PreparedStatement delete = connection.prepareStatement(deletion)) {
          for (MigrationId migration : migrations) {
            delete.setString(1, migration.toString());
            delete.executeUpdate();
          }
        }
      }
      connection.commit();
      connection.setAutoCommit(true);
    } catch (SQLException failed) {
      throw failure(failed);
    }
  }

  /** Names of guests that were granted to another peer, with the outcome not known. */
  public Set<String> guestsGivenAway() throws DcmException {
    Set<String> names = new HashSet<>();
    for (Entry<SourceRecord> entry : sources()) {
      boolean granted = entry.records().stream().anyMatch(SourceRecord.Granted.class::isInstance);
      boolean ended = entry.records().stream().anyMatch(SourceRecord.Ended.class::isInstance);
      if (granted && !ended) {
        names.add(entry.guest().name());
      }
    }
    return names;
  }

  /** Names of guests of which the last that is known here is that they run elsewhere. */
  public Set<String> guestsThatLeft() throws DcmException {
    Set<String> names = new HashSet<>();
    for (Entry<SourceRecord> entry : sources()) {
      boolean left =
          entry.records().getLast() instanceof SourceRecord.Ended ended
              && ended.result() instanceof SourceState.Result.Completed;
      if (left) {
        names.add(entry.guest().name());
      } else {
        names.remove(entry.guest().name());
      }
    }
    return names;
  }

  /** All migrations this peer was the source of, the oldest first. */
  public List<Entry<SourceRecord>> sources() throws DcmException {
    return entries("source_record", "source", RecordText::source);
  }

  /** All migrations this peer held pages of, the oldest first. */
  public List<Entry<HolderRecord>> holders() throws DcmException {
    return entries("holder_record", "holder", RecordText::holder);
  }

  private interface Parser<R> {
    R parse(String text) throws DcmException;
  }

  private synchronized <R> List<Entry<R>> entries(String table, String role, Parser<R> parser)
      throws DcmException {
    Map<String, List<R>> records = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement()) {
      try (ResultSet rows =
          statement.executeQuery("SELECT migration, record FROM " + table + " ORDER BY number")) {
        while (rows.next()) {
          records
              .computeIfAbsent(rows.getString(1), migration -> new ArrayList<>())
              .add(parser.parse(rows.getString(2)));
        }
      }
      List<Entry<R>> entries = new ArrayList<>();
      for (Map.Entry<String, List<R>> entry : records.entrySet()) {
        entries.add(
            new Entry<>(
                new MigrationId(UUID.fromString(entry.getKey())),
                guest(entry.getKey(), role),
                entry.getValue()));
      }
      return entries;
    } catch (SQLException failed) {
      throw new DcmException(
          Reason.INTERNAL, "the journal cannot be read: " + failed.getMessage(), failed);
    }
  }

  private GuestEntry guest(String migration, String role) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT name, kind, blocks FROM guest WHERE migration = ? AND role = ?")) {
      select.setString(1, migration);
      select.setString(2, role);
      try (ResultSet row = select.executeQuery()) {
        return row.next()
            ? new GuestEntry(row.getString(1), row.getString(2), blocks(row.getString(3)))
            : new GuestEntry("", "", new Geometry(List.of()));
      }
    }
  }

  private static Geometry blocks(String text) {
    List<RamBlock> blocks = new ArrayList<>();
    for (String line : text.lines().toList()) {
      int space = line.indexOf(' ');
      blocks.add(new RamBlock(line.substring(space + 1), Long.parseLong(line.substring(0, space))));
    }
    return new Geometry(blocks);
  }

  private synchronized void putGuest(MigrationId migration, String role, GuestEntry guest) {
    StringBuilder blocks = new StringBuilder();
    for (RamBlock block : guest.geometry().blocks()) {
      blocks.append(block.sizeBytes()).append(' ').append(block.name()).append('\n');
    }
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT OR REPLACE INTO guest VALUES(?, ?, ?, ?, ?)")) {
      insert.setString(1, migration.toString());
      insert.setString(2, role);
      insert.setString(3, guest.name());
      insert.setString(4, guest.kind());
      insert.setString(5, blocks.toString());
      insert.executeUpdate();
    } catch (SQLException failed) {
      throw failure(failed);
    }
  }

  private synchronized void append(
      String table, MigrationId migration, String record, Optional<Seat> seat, String name) {
    observer.writing(name);
    try {
      if (seat.isPresent()) {
        connection.setAutoCommit(false);
        insert(seat.get());
        insert(table, migration, record);
        connection.commit();
        connection.setAutoCommit(true);
      } else {
        insert(table, migration, record);
      }
    } catch (SQLException failed) {
      throw failure(failed);
    }
    observer.written(name);
  }

  private void insert(String table, MigrationId migration, String record) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO " + table + "(migration, record) VALUES(?, ?)")) {
      insert.setString(1, migration.toString());
      insert.setString(2, record);
      insert.executeUpdate();
    }
  }

  private JournalFailure failure(SQLException cause) {
    JournalFailure failure = new JournalFailure(cause);
    // What comes too late at an orderly stop is not done, and that is all.
    if (!closed) {
      onFailure.accept(failure);
    }
    return failure;
  }

  @Override
  public synchronized void close() {
    closed = true;
    try {
      connection.close();
    } catch (SQLException failed) {
      throw new JournalFailure(failed);
    }
  }

  /** The disk failed: nothing that depends on the record may happen, so the peer must stop. */
  public static final class JournalFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JournalFailure(SQLException cause) {
      super("the journal cannot be written: " + cause.getMessage(), cause);
    }
  }
}
