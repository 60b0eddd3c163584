-- AlterEnum
ALTER TYPE "Mood" ADD VALUE 'happy';
