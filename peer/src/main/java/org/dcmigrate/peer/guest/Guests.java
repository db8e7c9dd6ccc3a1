package org.dcmigrate.peer.guest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** The guests at this peer, and which migration each is in. */
public final class Guests {
  private final int limit;
  private final Map<String, Guest> guests = new TreeMap<>();
  private final Map<String, MigrationId> migrations = new HashMap<>();

  public Guests(int limit) {
    this.limit = limit;
  }

  /**
   * Adds a guest.
   *
   * @throws DcmException GUEST_EXISTS, or LIMIT_EXCEEDED
   */
  public synchronized void add(Guest guest) throws DcmException {
    if (guests.containsKey(guest.name())) {
      throw new DcmException(
          Reason.GUEST_EXISTS,
          "this peer has a guest named " + Text.quote(guest.name()) + " already; use another name");
    }
    if (guests.size() >= limit) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "this peer has as many guests as its configuration allows (limits.guests = "
              + limit
              + ")");
    }
    guests.put(guest.name(), guest);
  }

  /** Puts a guest that has arrived in the place of whatever had its name. */
  public synchronized void put(Guest guest) {
    guests.put(guest.name(), guest);
  }

  /** Removes a guest. */
  public synchronized void remove(String name) {
    guests.remove(name);
    migrations.remove(name);
  }

  /** All guests by name. */
  public synchronized List<Guest> all() {
    return List.copyOf(guests.values());
  }

  /** Whether there is a guest of that name. */
  public synchronized boolean has(String name) {
    return guests.containsKey(name);
  }

  /**
   * The guest of a name.
   *
   * @throws DcmException GUEST_UNKNOWN
   */
  public synchronized Guest get(String name) throws DcmException {
    Optional<Guest> guest = Optional.ofNullable(guests.get(name));
    if (guest.isEmpty()) {
      throw new DcmException(
          Reason.GUEST_UNKNOWN,
          "this peer has no guest named %s; it has %s"
              .formatted(Text.quote(name), guests.isEmpty() ? "none" : guests.keySet()));
    }
    return guest.get();
  }

  /** The migration a guest is in. */
  public synchronized Optional<MigrationId> migration(String name) {
    return Optional.ofNullable(migrations.get(name));
  }

  /**
   * Reserves a guest for a migration.
   *
   * @throws DcmException GUEST_BUSY
   */
  public synchronized void reserve(String name, MigrationId migration) throws DcmException {
    Optional<MigrationId> other = Optional.ofNullable(migrations.putIfAbsent(name, migration));
    if (other.isPresent()) {
      throw new DcmException(
          Reason.GUEST_BUSY,
          "guest %s is in migration %s; redirect or cancel that one"
              .formatted(Text.quote(name), other.get()));
    }
  }

  /** Ends a guest's reservation. */
  public synchronized void free(String name, MigrationId migration) {
    migrations.remove(name, migration);
  }
}
