package org.dcmigrate.peer.holder;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;

/**
 * Attempts that were ended before this peer had heard of them: what ends one may overtake the Open
 * of it. Kept in memory only, as an Open that is late is lost with its connection; and by caller,
 * so that nobody shuts out a migration of another peer, or pushes out what another peer said.
 */
final class Farewells {
  private static final int MOST_OF_A_CALLER = 1000;

  private final Map<PeerId, Map<MigrationId, Long>> epochs = new HashMap<>();

  /** A caller has ended an attempt, and every older one. */
  void heard(PeerId caller, Attempt attempt) {
    Map<MigrationId, Long> ended = epochs.computeIfAbsent(caller, peer -> new LinkedHashMap<>());
    ended.merge(attempt.migration(), attempt.epoch(), Math::max);
    if (ended.size() > MOST_OF_A_CALLER) {
      ended.remove(ended.keySet().iterator().next());
    }
  }

  /** Whether the caller has ended this attempt. */
  boolean cover(PeerId caller, Attempt attempt) {
    return Optional.ofNullable(epochs.get(caller)).stream()
        .flatMap(ended -> Optional.ofNullable(ended.get(attempt.migration())).stream())
        .anyMatch(epoch -> attempt.epoch() <= epoch);
  }
}
