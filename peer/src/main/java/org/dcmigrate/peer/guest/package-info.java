/**
 * Guests behind two small sides: {@link org.dcmigrate.peer.guest.Guest} and {@link
 * org.dcmigrate.peer.guest.GuestSource} where they run, {@link
 * org.dcmigrate.peer.guest.GuestAdapter} and {@link org.dcmigrate.peer.guest.GuestShell} where they
 * arrive.
 */
@NullMarked
package org.dcmigrate.peer.guest;

import org.jspecify.annotations.NullMarked;
