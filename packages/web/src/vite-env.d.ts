/// <reference types="vite/client" />
import 'react'

declare module 'react' {
  interface InputHTMLAttributes<T> {
    /** Not in the standard's types: lets a file input choose a folder (Chromium, Firefox, Safari). */
    webkitdirectory?: '' | undefined
  }
}
