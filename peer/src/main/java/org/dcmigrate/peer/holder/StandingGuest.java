package org.dcmigrate.peer.holder;

import org.dcmigrate.protocol.MigrationId;

/**
 * A guest that this peer owns and could not set running so far.
 *
 * @param reason one sentence
 */
public record StandingGuest(
    String name, String kind, long memoryBytes, MigrationId migration, String reason) {}
