/**
 * The daemon {@code dcmd}: {@link org.dcmigrate.peer.Daemon} puts the parts together, {@link
 * org.dcmigrate.peer.Main} starts it.
 */
@NullMarked
package org.dcmigrate.peer;

import org.jspecify.annotations.NullMarked;
